#include "api/organizations/organizations_api.h"

namespace ecr::api::organizations {

ServiceApi make_api() {
  ServiceApi api{"organizations",
                 Protocol::kJson,
                 &model::ServiceModel::organizations,
                 {},
                 &model::Partition::organizations_region};
  for (const auto& table : {structure_operations(), account_operations(), policy_operations(),
                            attachment_operations()}) {
    api.operations.insert(api.operations.end(), table.begin(), table.end());
  }
  return api;
}

}  // namespace ecr::api::organizations
