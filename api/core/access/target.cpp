#include "api/core/access/target.h"

#include "api/core/access/principal_policies.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api {
namespace {

Target ecr_target(const Request& request, std::string_view action,
                  const model::RegistryId& registry, std::string_view names,
                  const storage::Repository* repository) {
  Target target;
  target.action = action;
  target.resource = model::repository_arn(registry.region, registry.account, names);
  target.account = registry.account;
  target.policies =
      repository_policies(request.core, request.txn, registry, repository, request.reader);
  return target;
}

}  // namespace

Target plain_target(const Request& request, std::string resource) {
  Target target;
  target.resource = std::move(resource);
  target.account = request.caller.account;
  return target;
}

Target make_repository_target(const Request& request, std::string_view action,
                              const model::RegistryId& registry, const model::RepositoryName& name,
                              const storage::Repository* repository) {
  Target target = ecr_target(request, action, registry, name.text(), repository);
  if (repository != nullptr) {
    target.resource_tags = storage::repository_tags(request.txn, repository->id);
  }
  return target;
}

Target make_repositories_target(const Request& request, std::string_view action,
                                const model::RegistryId& registry, std::string_view names) {
  return ecr_target(request, action, registry, names, nullptr);
}

void attach_registry_policy(const Request& request, const model::RegistryId& registry,
                            Target& target) {
  for (auto& policy :
       repository_policies(request.core, request.txn, registry, nullptr, request.reader)) {
    target.policies.push_back(std::move(policy));
  }
}

// The registry's policy counts for a repository that does not exist yet as well: it may grant
// ecr:CreateRepository to another account's replication or pull-through cache.
std::vector<auth::iam::AttachedPolicy> repository_policies(const Core& core, storage::sql::Txn& txn,
                                                           const model::RegistryId& registry,
                                                           const storage::Repository* repository,
                                                           const PolicyReader& reader) {
  std::vector<auth::iam::AttachedPolicy> policies;
  if (const auto policy = reader.registry_policy(txn, registry)) {
    policies.push_back(
        {reader.compiled(core, *policy, auth::iam::PolicyType::kRegistry),
         base::format("registry policy of {} in {}", registry.account, registry.region)});
  }
  if (repository == nullptr) return policies;
  if (const auto policy = reader.repository_policy(*repository)) {
    policies.push_back({reader.compiled(core, *policy, auth::iam::PolicyType::kRepository),
                        "repository policy of " + repository->name.text()});
  }
  return policies;
}

std::vector<auth::iam::AttachedPolicy> trust_policies(const Core& core, const storage::Entity& role,
                                                      const PolicyReader& reader) {
  const auto policy = reader.trust_policy(role);
  if (!policy) return {};
  return {{reader.compiled(core, *policy, auth::iam::PolicyType::kTrust),
           "trust policy of role " + role.name}};
}

void set_iam_tags(Target& target, storage::Tags tags) {
  for (const auto& [key, value] : tags) {
    target.context.emplace_back("iam:ResourceTag/" + key, value);
  }
  target.resource_tags = std::move(tags);
}

Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, std::string_view service) {
  const auto arn = model::Arn::parse(role_arn);
  return pass_role_target(txn, account, role_arn, arn ? entity_of_arn(txn, *arn) : std::nullopt,
                          service);
}

Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, const std::optional<storage::Entity>& role,
                        std::string_view service) {
  Target target;
  target.action = "iam:PassRole";
  target.resource = role_arn;
  target.account = account;
  target.context.emplace_back("iam:PassedToService", service);
  const auto arn = model::Arn::parse(role_arn);
  if (!arn) return target;  // decided on the text as it is
  if (model::is_account_id(arn->account)) target.account = arn->account;
  // No policy of a role allows another account to pass it, so that the decision is a denial: both
  // accounts would have to allow. The sentence is AWS's (seen from several core, root
  // included).
  if (target.account != account) target.denial = "Cross-account pass role is not allowed.";
  // The tags of the role are condition keys of iam:PassRole.
  if (role) {
    set_iam_tags(target, storage::entity_tags(txn, role->id));
  }
  return target;
}

}  // namespace ecr::api
