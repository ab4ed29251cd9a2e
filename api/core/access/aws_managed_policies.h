// AWS's own managed policies, as far as they speak of the services that are here: attachable
// everywhere, editable nowhere. They have no rows. Source: AWS Managed Policy Reference Guide; of
// ReadOnlyAccess and PowerUserAccess only what concerns these services.
// Immutable; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ecr::api {

struct AwsManagedPolicy {
  std::string_view name;
  std::string_view path;     // "/", "/service-role/", "/aws-service-role/"
  std::string_view created;  // ISO 8601
  std::string_view description;
  std::string_view document;

  std::string arn() const;
  std::string unique_id() const;  // AWS's where it is known here, else one made from the ARN
  // Those of service-linked roles can be attached to nothing else.
  bool attachable() const { return path != "/aws-service-role/"; }
};

std::span<const AwsManagedPolicy> aws_managed_policies();  // by name
// Null: no such policy here.
const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn);

}  // namespace ecr::api
