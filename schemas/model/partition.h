// AWS's partitions: the worlds that have accounts, ARNs and names of hosts of their own, and the
// Regions that belong to each. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace ecr::model {

struct Partition {
  std::string_view name;               // the second part of an ARN: "aws-us-gov"
  std::string_view region_prefix;      // of its Regions: "us-gov-"; empty: of those of no other one
  std::string_view dns_suffix;         // of its hosts: "amazonaws.com"
  std::string_view dual_stack_suffix;  // of hosts with IPv6: "api.aws"
  std::string_view registry_dual_stack_suffix;  // the same of registries: "on.aws"; empty: none
  std::string_view global_region;               // in which calls of IAM are signed: "us-gov-west-1"
  std::string_view organizations_region;        // the same of Organizations
  std::string_view iam_host;                    // "iam.us-gov.amazonaws.com"
  std::string_view iam_dual_stack_host;         // "iam.us-gov.api.aws"
};

// All of them; "aws" is the first.
std::span<const Partition> partitions();

// The partition of a Region, by the Region's prefix. Every other text is a Region of "aws", also
// one that AWS has not opened yet.
const Partition& partition_of_region(std::string_view region);

// Null: no partition has this name.
const Partition* find_partition(std::string_view name);

}  // namespace ecr::model
