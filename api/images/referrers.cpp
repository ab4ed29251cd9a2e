#include "api/images/referrers.h"

#include <nlohmann/json.hpp>

#include "api/images/manifest.h"
#include "schemas/base/json.h"
#include "storage/rows/image_listing.h"

namespace ecr::api {
namespace {

// What an entry has in a listing beside its annotations, about: digest, types, names of members.
constexpr std::size_t kEntryBytes = 512;

Referrer to_referrer(const storage::ReferrerRow& row) {
  Referrer referrer;
  referrer.digest = row.digest;
  referrer.media_type = row.media_type;
  referrer.artifact_type = row.artifact_type;
  referrer.size = static_cast<std::int64_t>(row.manifest.size());
  const auto json = base::parse_json(row.manifest);
  if (!json || !json->is_object()) return referrer;
  const auto found = json->find("annotations");
  if (found == json->end() || !found->is_object()) return referrer;
  for (const auto& [key, value] : found->items()) {
    if (value.is_string()) referrer.annotations.emplace_back(key, value.get<std::string>());
  }
  return referrer;
}

}  // namespace

ReferrerPage read_referrers(storage::sql::Txn& txn, std::int64_t repository,
                            std::string_view subject,
                            const std::vector<std::string>& artifact_types, std::string_view after,
                            std::int64_t limit) {
  ReferrerPage page;
  std::size_t bytes = 0;
  storage::visit_referrers(
      txn, repository, subject, artifact_types, after, [&](const storage::ReferrerRow& row) {
        bytes += row.manifest.size() + kEntryBytes;
        const bool room = page.referrers.empty() || bytes <= kMaxManifestBytes;
        page.more = !room || static_cast<std::int64_t>(page.referrers.size()) >= limit;
        if (!page.more) page.referrers.push_back(to_referrer(row));
        return !page.more;
      });
  return page;
}

}  // namespace ecr::api
