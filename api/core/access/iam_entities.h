// Entities that the IAM API and the seed file both make: service-linked roles, and SAML identity
// providers. Stateless functions; the caller owns the transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/services.h"
#include "schemas/model/registry_id.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api {

// Service-linked roles are made by the API, or by a service itself when a feature is set up. Those
// of services that are not here can be made, too: what templates and bootstrap scripts create has
// to be there. Their table is schemas/service_linked_roles.tsv.
struct ServiceLinkedRole {
  std::string_view service;  // may assume it, alone: "replication.ecr.amazonaws.com"
  std::string_view name;     // "AWSServiceRoleForECRReplication"
  std::string_view policy;   // name of the AWS-managed policy it has, of path /aws-service-role/
  bool takes_suffix = false;
};

// nullopt: no service of that name has such a role. Service names have case.
std::optional<ServiceLinkedRole> find_service_linked_role(std::string_view service);
// /aws-service-role/<service>/
std::string service_linked_path(std::string_view service);

// The role's name with the suffix that the caller chose; an empty suffix adds nothing.
std::string service_linked_name(const ServiceLinkedRole& role, std::string_view suffix);

// Makes the role with its trust policy and its permissions, in the partition of that Region.
// nullopt: the account has the role already.
std::optional<storage::Entity> make_service_linked_role(const Core& core, storage::sql::Txn& txn,
                                                        const model::RegistryId& place,
                                                        const ServiceLinkedRole& role,
                                                        std::optional<std::string> description,
                                                        base::TimePoint now,
                                                        std::string_view suffix = "");

// SAML providers: no client signs in through one here, so only what IAM shows of a provider is read
// from its metadata.
//
// The end of the metadata's validity, by its own validUntil; without one a hundred years from now.
// nullopt: it is no SAML metadata.
std::optional<base::TimePoint> saml_valid_until(std::string_view metadata, base::TimePoint now);
// 32 digits, as IAM's model has them.
std::string make_saml_provider_uuid(base::Random& random);

}  // namespace ecr::api
