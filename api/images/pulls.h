// What a pull leaves behind: the time that DescribeImages and lifecycle rules see. The same for
// BatchGetImage and for docker pull.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/core/access/identity.h"
#include "api/core/services.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// Whether a pull now is to be noted: the time noted last is not recent.
bool pull_is_due(const storage::Image& image, base::TimePoint now);

// What is to run after the answer's own (read) transaction to note that `caller` pulled `images`;
// a power loss may take it. Empty where there is nothing to note: the time noted last is recent, or
// the caller is excluded (RegisterPullTimeUpdateExclusion).
std::function<void()> record_pulls(const Services& services, storage::sql::Txn& txn,
                                   const Caller& caller, const storage::Repository& repository,
                                   const std::vector<storage::Image>& images, base::TimePoint now);

}  // namespace ecr::api
