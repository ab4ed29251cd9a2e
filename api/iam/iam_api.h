// The AWS IAM API (AWS Query, XML). Certificates and other credentials that no request to this
// server can be signed with are stored and shown.
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::iam {

ServiceApi make_api();

// The tables of operations, one a file.
std::vector<const Operation*> user_operations();                  // users.cpp
std::vector<const Operation*> access_key_operations();            // access_keys.cpp
std::vector<const Operation*> group_operations();                 // groups.cpp
std::vector<const Operation*> inline_policy_operations();         // inline_policies.cpp
std::vector<const Operation*> role_operations();                  // roles.cpp
std::vector<const Operation*> service_linked_role_operations();   // service_linked_roles.cpp
std::vector<const Operation*> instance_profile_operations();      // instance_profiles.cpp
std::vector<const Operation*> managed_policy_operations();        // managed_policies.cpp
std::vector<const Operation*> attachment_operations();            // attachments.cpp
std::vector<const Operation*> oidc_provider_operations();         // oidc_providers.cpp
std::vector<const Operation*> saml_provider_operations();         // saml_providers.cpp
std::vector<const Operation*> account_operations();               // account.cpp
std::vector<const Operation*> sign_in_operations();               // sign_in.cpp
std::vector<const Operation*> outbound_federation_operations();   // outbound_federation.cpp
std::vector<const Operation*> authorization_detail_operations();  // authorization_details.cpp
std::vector<const Operation*> service_access_operations();        // service_access.cpp
std::vector<const Operation*> simulator_operations();             // simulation/simulators.cpp
std::vector<const Operation*> account_setting_operations();       // account_settings.cpp

std::vector<const Operation*> mfa_device_operations();  // credentials/mfa_devices.cpp
std::vector<const Operation*>
server_certificate_operations();  // credentials/server_certificates.cpp
std::vector<const Operation*> signing_certificate_operations();  // .../signing_certificates.cpp
std::vector<const Operation*> ssh_key_operations();              // credentials/ssh_public_keys.cpp
std::vector<const Operation*> service_credential_operations();   // .../service_credentials.cpp
std::vector<const Operation*> credential_report_operations();    // reports/credential_report.cpp
std::vector<const Operation*> service_report_operations();  // reports/service_last_accessed.cpp
std::vector<const Operation*> role_template_operations();   // role_templates/role_templates.cpp

}  // namespace ecr::api::iam
