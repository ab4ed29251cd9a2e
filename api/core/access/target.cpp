#include "api/core/access/target.h"

#include "api/core/access/policy_cache.h"
#include "api/core/account_settings.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api {

Target make_repository_target(const Services& services, storage::sql::Txn& txn,
                              std::string_view action, std::string_view account,
                              std::string_view region, std::string_view name,
                              const storage::Repository* repository) {
  Target target;
  target.action = action;
  target.resource = model::repository_arn(region, account, name);
  target.account = account;
  attach_registry_policy(services, txn, account, region, target);
  if (repository == nullptr) return target;
  target.resource_tags = storage::repository_tags(txn, repository->id);
  if (repository->policy) {
    target.policies.push_back(
        {services.policies.get(*repository->policy, auth::iam::PolicyType::kRepository),
         "repository policy of " + repository->name});
  }
  return target;
}

void attach_registry_policy(const Services& services, storage::sql::Txn& txn,
                            std::string_view account, std::string_view region, Target& target) {
  const auto policy = storage::registry_policy(txn, account, region);
  if (!policy || !registry_policy_covers(txn, account, region, target.action)) return;
  target.policies.push_back({services.policies.get(*policy, auth::iam::PolicyType::kRegistry),
                             base::format("registry policy of {} in {}", account, region)});
}

}  // namespace ecr::api
