#include "api/iam/simulation/simulated_principal.h"

#include <nlohmann/json.hpp>

#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/policy_memo.h"
#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {
namespace {

using auth::iam::PolicyType;
using auth::iam::PrincipalKind;
using storage::EntityKind;

// A user, group or role as an ARN names it.
struct EntityReference {
  EntityKind kind = EntityKind::kUser;
  std::string account;
  std::string name;
};

// The path is not part of the name: arn:aws:iam::111122223333:role/team/ci is role "ci".
std::optional<EntityReference> parse_entity_arn(const std::string& text) {
  const auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam" || !arn->region.empty() ||
      !model::is_account_id(arn->account)) {
    return std::nullopt;
  }
  const std::size_t slash = arn->resource.find('/');
  if (slash == std::string::npos) return std::nullopt;
  EntityReference found{EntityKind::kUser, arn->account,
                        arn->resource.substr(arn->resource.rfind('/') + 1)};
  const std::string kind = arn->resource.substr(0, slash);
  if (kind == "group") {
    found.kind = EntityKind::kGroup;
  } else if (kind == "role") {
    found.kind = EntityKind::kRole;
  } else if (kind != "user") {
    return std::nullopt;
  }
  if (found.name.empty()) return std::nullopt;
  return found;
}

// Names are found without regard to case and without the path; the ARN has to match exactly.
std::optional<storage::Entity> find_exactly(const ApiRequest& request, const EntityReference& name,
                                            const std::string& arn) {
  auto entity = storage::find_entity(request.txn, name.account, name.kind, name.name);
  if (entity && entity_arn(*entity) != arn) entity.reset();
  return entity;
}

// A managed policy is simulated in its default version, the one in force.
SimulatedPolicy managed(const ApiRequest& request, const std::string& arn) {
  const auto document = managed_document(request.txn, arn);
  if (!document) {
    throw ApiError(ErrorCode::kNoSuchEntity, base::format("Policy {} does not exist", arn));
  }
  const AwsManagedPolicy* aws = find_aws_managed_policy(arn);
  return {aws != nullptr ? request.core.policies.get(*aws)
                         : request.core.policies.get(*document, PolicyType::kIdentity),
          arn.substr(arn.rfind('/') + 1), *document, arn};
}

// SourcePolicyId as AWS forms it: "user_alice_pull" for an inline policy, the name for a managed
// one.
void add_policies(const ApiRequest& request, const storage::Entity& entity,
                  std::vector<SimulatedPolicy>& list) {
  for (const auto& policy : storage::inline_policies(request.txn, entity.id)) {
    list.push_back({request.core.policies.get(policy.document, PolicyType::kIdentity),
                    base::format("{}_{}_{}", kind_name(entity.kind), entity.name, policy.name),
                    policy.document,
                    {},
                    base::format("{}/{}/{}", kind_name(entity.kind), entity.name, policy.name)});
  }
  for (const std::string& arn : storage::attached_policies(request.txn, entity.id)) {
    list.push_back(managed(request, arn));
  }
}

// The caller that the gate would make of a request by the entity, without what depends on a
// session: a role has no session name, token time or session tags here.
Caller caller_of(const ApiRequest& request, const storage::Entity& entity) {
  Caller caller;
  const std::string arn = entity_arn(entity);
  caller.account = entity.account;
  if (entity.kind == EntityKind::kRole) {
    caller.principal = *auth::iam::make_principal(arn, "");
  } else {
    caller.principal.kind = PrincipalKind::kUser;
    caller.principal.account = entity.account;
    if (entity.kind == EntityKind::kUser) {
      caller.principal.arn = arn;
      caller.user_id = entity.unique_id;
      caller.user_name = entity.name;
    }
  }
  caller.principal.unique_id = entity.unique_id;
  caller.tags = storage::entity_tags(request.txn, entity.id);
  add_organization(request.core, request.txn, caller);
  return caller;
}

void set_principal(const Caller& caller, Simulation& simulation) {
  simulation.principal = caller.principal;
  add_principal_context(simulation.principal_context, caller);
  // A role without a session and a group have neither key; conditions on them count as missing.
  if (caller.user_id.empty()) simulation.principal_context.erase("aws:userid");
  if (caller.principal.arn.empty()) simulation.principal_context.erase("aws:PrincipalArn");
}

}  // namespace

PolicySource policy_source(const ApiRequest& request) {
  PolicySource source;
  source.arn = text_member(request.input, "PolicySourceArn");
  const auto name = parse_entity_arn(source.arn);
  if (!name) {  // the text is that of published errors
    throw invalid_input(base::format(
        "Invalid Entity Arn: {} does not clearly define entity type and name.", source.arn));
  }
  source.account = name->account;
  source.row = find_exactly(request, *name, source.arn);
  return source;
}

void PolicySource::missing() const {  // recorded, undated
  throw no_such_entity("Unable to retrieve specified IAM entity.");
}

std::vector<SimulatedPolicy> policies_of(const ApiRequest& request, const storage::Entity& entity) {
  std::vector<SimulatedPolicy> policies;
  add_policies(request, entity, policies);
  if (entity.kind == EntityKind::kUser) {
    for (const auto& group : storage::groups_of(request.txn, entity.id)) {
      add_policies(request, group, policies);
    }
  }
  return policies;
}

void simulate_entity(const ApiRequest& request, const storage::Entity& entity,
                     Simulation& simulation) {
  const Caller caller = caller_of(request, entity);
  set_principal(caller, simulation);
  simulation.identity = policies_of(request, entity);
  if (entity.boundary) simulation.boundaries.push_back(managed(request, *entity.boundary));
  if (!caller.scps.empty()) simulation.scps = caller.scps;
}

void simulate_unnamed_user(const ApiRequest& request, Simulation& simulation) {
  simulation.principal.kind = PrincipalKind::kUser;
  simulation.principal.account = request.caller.account;
}

void set_caller(const ApiRequest& request, Simulation& simulation) {
  if (!request.input.contains("CallerArn")) return;
  const auto arn = request.input["CallerArn"].get<std::string>();
  const auto name = parse_entity_arn(arn);
  if (!name || name->kind != EntityKind::kUser) {  // the text is ours
    throw ApiError(ErrorCode::kInvalidInput, base::format("CallerArn {} is not a user's ARN", arn));
  }
  Caller caller;
  if (const auto user = find_exactly(request, *name, arn)) {
    caller = caller_of(request, *user);
  } else {
    // A user that does not exist can be simulated, too: another account's users are unknown here.
    caller.principal = *auth::iam::make_principal(arn, "");
    caller.account = name->account;
    caller.user_name = name->name;
  }
  simulation.principal_context = {};
  set_principal(caller, simulation);
}

}  // namespace ecr::api::iam
