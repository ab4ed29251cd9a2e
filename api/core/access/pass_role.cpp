#include "api/core/access/pass_role.h"

#include "api/core/access/principal_policies.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/tags.h"

namespace ecr::api {

Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, std::string_view service) {
  Target target;
  target.action = "iam:PassRole";
  target.resource = role_arn;
  target.account = account;
  target.context.emplace_back("iam:PassedToService", service);
  const auto arn = model::Arn::parse(role_arn);
  if (!arn) return target;
  if (model::is_account_id(arn->account)) target.account = arn->account;
  const auto role = storage::find_entity(txn, arn->account, storage::EntityKind::kRole,
                                         arn->resource.substr(arn->resource.rfind('/') + 1));
  if (!role || entity_arn(*role) != role_arn) return target;
  target.resource_tags = storage::entity_tags(txn, role->id);
  for (const auto& [key, value] : target.resource_tags) {
    target.context.emplace_back("iam:ResourceTag/" + key, value);
  }
  return target;
}

}  // namespace ecr::api
