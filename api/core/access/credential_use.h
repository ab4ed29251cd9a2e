// When an access key, and a role, was used last (GetAccessKeyLastUsed, RoleLastUsed).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/core/access/identity.h"

namespace ecr::api {

// What notes that `caller` used his credentials; empty: nothing worth noting, as the same use was
// noted within the last minute. To be run outside of a transaction; never throws.
std::function<void()> note_of_use(const Services& services, const Caller& caller,
                                  std::string_view service, std::string_view region,
                                  base::TimePoint now);

}  // namespace ecr::api
