// The service-linked roles of Amazon ECR: made by the API, or by ECR itself when a feature is set
// up. Source: Amazon ECR User Guide, "Using service-linked roles for Amazon ECR".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/services.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api {

struct ServiceLinkedRole {
  std::string_view service;  // who may assume it: "replication.ecr.amazonaws.com"
  std::string_view name;     // "AWSServiceRoleForECRReplication"
  std::string_view policy;   // ARN of the AWS-managed policy it has
};

// Null: no such service here.
const ServiceLinkedRole* find_service_linked_role(std::string_view service);
// /aws-service-role/<service>/
std::string service_linked_path(std::string_view service);

// Makes the role. nullopt: the account has it.
std::optional<storage::Entity> make_service_linked_role(
    const Services& services, storage::sql::Txn& txn, const std::string& account,
    const ServiceLinkedRole& role, std::optional<std::string> description, base::TimePoint now);

}  // namespace ecr::api
