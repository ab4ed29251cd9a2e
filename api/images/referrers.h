// The artifacts (signatures, SBOMs, ...) whose subject is an image: a page of what listings say of
// them, the same for ListImageReferrers and for /v2/.../referrers/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::api {

struct Referrer {
  std::string digest;
  std::string media_type;
  std::string artifact_type;  // may be empty
  std::int64_t size = 0;      // of its manifest
  // Of its manifest. Texts by their specification; others are left out.
  std::vector<std::pair<std::string, std::string>> annotations;
};

struct ReferrerPage {
  std::vector<Referrer> referrers;
  bool more = false;  // others come after the last of these
};

// By digest, after `after` (exclusive): at most `limit`, and fewer (but one at least) where their
// manifests together are larger than one may be, so that neither the page nor the work for it grows
// with what was pushed. One manifest at a time is in memory. `artifact_types` as in
// storage/rows/referrers.h.
ReferrerPage read_referrers(storage::sql::Txn& txn, std::int64_t repository,
                            std::string_view subject,
                            const std::vector<std::string>& artifact_types, std::string_view after,
                            std::int64_t limit);

}  // namespace ecr::api
