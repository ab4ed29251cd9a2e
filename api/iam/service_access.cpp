// ListPoliciesGrantingServiceAccess: the policies of a user, group or role that allow any action of
// a service. Source: AWS IAM API Reference.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/granted_services.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/targets.h"
#include "auth/iam/match/glob.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// The user, group or role of member Arn.
struct EntityOfArn : Named<storage::Entity> {
  std::string arn;

  [[noreturn]] void missing() const {
    throw no_such_entity(base::format("ARN {} cannot be found.", arn));
  }
};

// The row that has exactly this ARN, its path included, in the caller's account.
std::optional<storage::Entity> find_by_arn(const ApiRequest& request, const model::Arn& parsed,
                                           const std::string& arn) {
  if (parsed.account != request.caller.account) return std::nullopt;
  const std::string name = parsed.resource.substr(parsed.resource.rfind('/') + 1);
  for (const auto kind : {EntityKind::kUser, EntityKind::kGroup, EntityKind::kRole}) {
    auto entity = storage::find_entity(request.txn, parsed.account, kind, name);
    if (entity && entity_arn(*entity) == arn) return entity;
  }
  return std::nullopt;
}

// The resource is the entity whether it exists or not, so that a caller without permission does not
// learn which it is.
Resolved<EntityOfArn> arn_target(const ApiRequest& request) {
  EntityOfArn named;
  named.arn = text_member(request.input, "Arn");
  const auto parsed = model::Arn::parse(named.arn);
  if (!parsed || parsed->service != "iam") {
    throw validation_error(base::format("ARN {} is not valid.", named.arn));
  }
  named.row = find_by_arn(request, *parsed, named.arn);
  Target target = named.row ? target_of(request, *named.row) : target_of_arn(request, named.arn);
  target.account = parsed->account;
  return {{std::move(target)}, std::move(named)};
}

// A policy as the answer shows it, and the services of which it allows any action: patterns, as
// "ecr" or "*".
struct Grant {
  Json shown;
  std::set<std::string> services;
};

bool allows_service(const Grant& grant, const std::string& service) {
  return std::any_of(grant.services.begin(), grant.services.end(), [&](const std::string& pattern) {
    return auth::iam::glob_match_ignore_case(pattern, service);
  });
}

// Adds the entity's own policies. An inline policy is reported with the entity that it is part of,
// a managed one with its ARN.
void add_policies_of(const ApiRequest& request, const storage::Entity& entity,
                     std::vector<Grant>& grants) {
  std::string kind(kind_name(entity.kind));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const auto& policy : storage::inline_policies(request.txn, entity.id)) {
    grants.push_back({{{"PolicyName", policy.name},
                       {"PolicyType", "INLINE"},
                       {"EntityType", kind},
                       {"EntityName", entity.name}},
                      allowed_services(policy.document)});
  }
  for (const auto& arn : storage::attached_policies(request.txn, entity.id)) {
    const auto policy = find_policy(request, arn);
    const auto document = managed_document(request.txn, arn);
    if (!policy || !document) continue;
    grants.push_back({{{"PolicyName", policy->name}, {"PolicyType", "MANAGED"}, {"PolicyArn", arn}},
                      allowed_services(*document)});
  }
}

// A user's list includes the policies of the user's groups. IAM pages this list by a marker; here
// it is always whole, because it has at most as many entries as the request names services.
Json list_granting(ApiRequest& request, const storage::Entity& entity) {
  // Each policy is read once, however many services are asked about.
  std::vector<Grant> grants;
  add_policies_of(request, entity, grants);
  if (entity.kind == EntityKind::kUser) {
    for (const auto& group : storage::groups_of(request.txn, entity.id)) {
      add_policies_of(request, group, grants);
    }
  }
  Json output = {{"PoliciesGrantingServiceAccess", Json::array()}, {"IsTruncated", false}};
  for (const Json& json : request.input["ServiceNamespaces"]) {
    const std::string service = json.get<std::string>();
    Json policies = Json::array();
    for (const Grant& grant : grants) {
      if (allows_service(grant, service)) policies.push_back(grant.shown);
    }
    output["PoliciesGrantingServiceAccess"].push_back(
        {{"ServiceNamespace", service}, {"Policies", std::move(policies)}});
  }
  return output;
}

constexpr Operation kServiceAccessOperations[] = {
    {"ListPoliciesGrantingServiceAccess", "iam:ListPoliciesGrantingServiceAccess", Access::kRead,
     on<arn_target, list_granting>},
};

}  // namespace

std::vector<const Operation*> service_access_operations() {
  return pointers(kServiceAccessOperations);
}

}  // namespace ecr::api::iam
