#include "storage/rows/referrers.h"

#include <optional>

namespace ecr::storage {

void visit_referrers(sql::Txn& txn, std::int64_t repository, std::string_view subject,
                     const std::vector<std::string>& artifact_types, std::string_view after,
                     const std::function<bool(const ReferrerRow&)>& visit) {
  const auto type = [&](std::size_t i) {
    return i < artifact_types.size() ? std::optional(artifact_types[i]) : std::nullopt;
  };
  for (auto row = txn.query(
           R"(SELECT images.digest, images.media_type, images.artifact_media_type,
                     image_manifests.manifest
              FROM images JOIN image_manifests ON image_manifests.image = images.id
              WHERE images.repository = ? AND images.subject = ? AND images.digest > ?
                AND (? OR images.artifact_media_type IN (?, ?, ?, ?, ?))
              ORDER BY images.digest)",
           repository, subject, after, artifact_types.empty(), type(0), type(1), type(2), type(3),
           type(4));
       row.next();) {
    if (!visit({row.string(0), row.string(1), row.string(2), row.blob(3)})) return;
  }
}

}  // namespace ecr::storage
