#include "schemas/model/partition.h"

#include <algorithm>
#include <array>

namespace ecr::model {
namespace {

// Prefixes, suffixes and hosts: partitions.json and the endpoint rules of IAM and Organizations in
// the AWS SDKs. The names of registries with IPv6: Amazon ECR's credential helper, which knows none
// in the partitions of AWS's isolated Regions. IAM of China signs in cn-north-1, although the SDKs'
// implicit Region is cn-northwest-1. Each prefix ends in a hyphen, so no Region starts with two of
// them.
constexpr std::array<Partition, 8> kPartitions = {{
    {"aws", "", "amazonaws.com", "api.aws", "on.aws", "us-east-1", "us-east-1", "iam.amazonaws.com",
     "iam.global.api.aws"},
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
     "on.amazonwebservices.com.cn", "cn-north-1", "cn-northwest-1",
     "iam.cn-north-1.amazonaws.com.cn", "iam.global.api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "on.aws", "us-gov-west-1",
     "us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "", "us-iso-east-1", "us-iso-east-1",
     "iam.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "", "us-isob-east-1",
     "us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "", "eu-isoe-west-1",
     "eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "", "us-isof-south-1",
     "us-isof-south-1", "iam.us-isof-south-1.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "on.amazonwebservices.eu",
     "eusc-de-east-1", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu",
     "iam.global.api.amazonwebservices.eu"},
}};

}  // namespace

std::span<const Partition> partitions() { return kPartitions; }

const Partition& partition_of_region(std::string_view region) {
  for (const Partition& partition : kPartitions) {
    if (!partition.region_prefix.empty() && region.starts_with(partition.region_prefix)) {
      return partition;
    }
  }
  return kPartitions.front();
}

const Partition* find_partition(std::string_view name) {
  const auto* found =
      std::find_if(kPartitions.begin(), kPartitions.end(),
                   [name](const Partition& partition) { return partition.name == name; });
  return found == kPartitions.end() ? nullptr : found;
}

}  // namespace ecr::model
