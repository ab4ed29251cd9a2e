// AWS's own managed policies, all of them: attachable in every account, editable in none. They have
// no rows, but for those that a seed adds because they are newer than this program: the program
// holds them packed (scripts/update-managed-policies has the source and the form). Their table is
// unpacked when it is first asked for, and a document each time; PolicyMemo keeps those that are in
// use. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"

namespace ecr::api {

// Stands in the ARNs of AWS's policies where others have an account, and so in the rows of those
// that a seed added.
inline constexpr std::string_view kAwsPolicyOwner = "aws";

struct AwsManagedPolicy {
  std::string_view name;
  std::string_view path;     // "/", "/service-role/", "/job-function/", "/aws-service-role/", ...
  std::int64_t version = 1;  // the number of the default version, the only one that is here
  base::TimePoint created = {};  // the policy
  base::TimePoint updated = {};  // its default version
  // Where the document is: its block of the packed file, and its place in that.
  std::uint32_t block = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  // The same policy is in every partition: "aws", "aws-cn", "aws-us-gov", ...
  std::string arn(std::string_view partition) const;
  std::string unique_id() const;         // AWS's where it is known here, else one made from the ARN
  std::string_view description() const;  // empty: it is not known here
  std::string document() const;          // unpacks it, which takes milliseconds
  // Those of service-linked roles can be attached to nothing else.
  bool attachable() const { return path != "/aws-service-role/"; }
};

std::span<const AwsManagedPolicy> aws_managed_policies();  // by name
// Takes the ARN of any partition. Null: no such policy here.
const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn);

}  // namespace ecr::api
