#include "storage/referrers.h"

namespace ecr::storage {

std::vector<Referrer> list_referrers(sql::Txn& txn, std::int64_t repository,
                                     std::string_view subject, std::string_view artifact_type,
                                     std::string_view after, std::int64_t limit) {
  std::vector<Referrer> referrers;
  for (auto row = txn.query(
           R"(SELECT images.digest, images.media_type, images.artifact_media_type,
                     image_manifests.manifest
              FROM images JOIN image_manifests ON image_manifests.image = images.id
              WHERE images.repository = ? AND images.subject = ? AND images.digest > ?
                AND (? = '' OR images.artifact_media_type = ?)
              ORDER BY images.digest LIMIT ?)",
           repository, subject, after, artifact_type, artifact_type, limit);
       row.next();) {
    referrers.push_back({row.string(0), row.string(1), row.string(2), std::string(row.blob(3))});
  }
  return referrers;
}

}  // namespace ecr::storage
