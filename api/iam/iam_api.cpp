#include "api/iam/iam_api.h"

#include "api/iam/shared/tags.h"

namespace ecr::api::iam {

// The order of the tables has no meaning: an operation is found by its name.
ServiceApi make_api() {
  std::vector<const Operation*> operations;
  for (const auto& group : {
           user_operations(),
           access_key_operations(),
           group_operations(),
           inline_policy_operations(),
           tag_operations(),
           role_operations(),
           service_linked_role_operations(),
           role_template_operations(),
           instance_profile_operations(),
           managed_policy_operations(),
           attachment_operations(),
           oidc_provider_operations(),
           saml_provider_operations(),
           account_operations(),
           sign_in_operations(),
           outbound_federation_operations(),
           mfa_device_operations(),
           server_certificate_operations(),
           signing_certificate_operations(),
           ssh_key_operations(),
           service_credential_operations(),
           credential_report_operations(),
           service_report_operations(),
           account_setting_operations(),
           authorization_detail_operations(),
           service_access_operations(),
           simulator_operations(),
       }) {
    operations.insert(operations.end(), group.begin(), group.end());
  }
  return {"iam",
          Protocol::kQuery,
          &model::ServiceModel::iam,
          std::move(operations),
          &model::Partition::global_region,
          true};
}

}  // namespace ecr::api::iam
