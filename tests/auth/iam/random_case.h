// Random requests with random policies, as lines of `ecr-local evaluate`: drawn from small pools,
// so that what policies say often meets what requests ask.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

namespace ecr::auth::iam::test {

// The same number gives the same case.
nlohmann::json random_case(std::uint64_t number);

}  // namespace ecr::auth::iam::test
