// What a pull leaves behind: the time that DescribeImages and lifecycle rules see. The same for
// BatchGetImage and for docker pull.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/identity.h"
#include "api/services.h"
#include "storage/images.h"
#include "storage/repositories.h"

namespace ecr::api {

// Whether a pull now is to be noted: the time noted last is not recent.
bool pull_is_due(const storage::Image& image, schemas::TimePoint now);

// What is to run after the answer's own (read) transaction to note that `caller` pulled `images`;
// a power loss may take it. Empty where there is nothing to note: the time noted last is recent, or
// the caller is excluded (RegisterPullTimeUpdateExclusion).
std::function<void()> record_pulls(const Services& services, storage::sql::Txn& txn,
                                   const Caller& caller, const storage::Repository& repository,
                                   const std::vector<storage::Image>& images,
                                   schemas::TimePoint now);

}  // namespace ecr::api
