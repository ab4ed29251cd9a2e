// A registry: every account has one in each region.
#pragma once

#include <string>
#include <string_view>

#include "schemas/model/arn.h"

namespace ecr::model {

struct RegistryId {
  std::string account;  // 12 digits
  std::string region;   // "us-east-1"

  std::string_view partition() const { return partition_of(region); }  // "aws"
  friend bool operator==(const RegistryId&, const RegistryId&) = default;
  friend auto operator<=>(const RegistryId&, const RegistryId&) = default;
};

}  // namespace ecr::model
