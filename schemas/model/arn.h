// Amazon Resource Names and the parts of ECR's own ARNs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ecr::model {

// arn:partition:service:region:account:resource. The resource keeps its colons and slashes.
struct Arn {
  std::string partition;
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  // nullopt unless there are six parts and the first is "arn". Parts may be empty.
  static std::optional<Arn> parse(std::string_view text);
  std::string text() const;
  friend bool operator==(const Arn&, const Arn&) = default;
};

bool is_account_id(std::string_view text);  // 12 digits
// The model's pattern [0-9a-z-]{2,25}.
bool is_region(std::string_view text);
// OCI distribution-spec: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
bool is_tag(std::string_view text);

// The name of the region's partition (partition.h), which its ARNs begin with: "aws-us-gov".
std::string_view partition_of(std::string_view region);

// arn:aws:ecr:us-east-1:123456789012:repository/<names>, where `names` may be a pattern ("*") or a
// text that a client sent as a name. Of a name: repository_name.h.
std::string repository_arn(std::string_view region, std::string_view account,
                           std::string_view names);

}  // namespace ecr::model
