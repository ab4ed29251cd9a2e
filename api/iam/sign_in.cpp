// Passwords (login profiles), and listings of the credentials that cannot be created here, which
// are empty: tools ask for them before they delete a user. Source: AWS IAM API Reference.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

// Only the length is checked, and the password is not stored, because there is no console to sign
// in to. Without a password policy IAM requires 8 characters; a policy that does not give a length
// has 6.
void check_password(const ApiRequest& request) {
  const auto policy = storage::password_policy(request.txn, request.caller.account);
  const auto length =
      policy ? base::parse_json(*policy).value().value("MinimumPasswordLength", 6) : 8;
  if (text_member(request.input, "Password").size() < static_cast<std::size_t>(length)) {
    throw ApiError(ErrorCode::kPasswordPolicyViolation,
                   base::format("Password should have a minimum length of {}", length));
  }
}

storage::LoginProfile require_login_profile(const ApiRequest& request,
                                            const storage::Entity& user) {
  const auto profile = storage::find_login_profile(request.txn, user.id);
  if (!profile) {
    throw no_such_entity(base::format("Login Profile for User {} cannot be found.", user.name));
  }
  return *profile;
}

Json profile_json(const storage::Entity& user, const storage::LoginProfile& profile) {
  return {{"LoginProfile",
           {{"UserName", user.name},
            {"CreateDate", iso_time(profile.created_at)},
            {"PasswordResetRequired", profile.reset_required}}}};
}

// Only the fact that the user has a password is stored, so that DeleteUser can refuse as AWS
// does.
Json create_login_profile(ApiRequest& request, const storage::Entity& user) {
  if (storage::find_login_profile(request.txn, user.id)) {
    throw already_exists(base::format("Login Profile for user {} already exists.", user.name));
  }
  check_password(request);
  const storage::LoginProfile profile{user.id, request.input.value("PasswordResetRequired", false),
                                      request.now};
  storage::put_login_profile(request.txn, profile);
  return profile_json(user, profile);
}

Json get_login_profile(ApiRequest& request, const storage::Entity& user) {
  return profile_json(user, require_login_profile(request, user));
}

// Absent members leave the profile as it is.
Json update_profile(ApiRequest& request, const storage::Entity& user) {
  storage::LoginProfile profile = require_login_profile(request, user);
  if (request.input.contains("Password")) check_password(request);
  profile.reset_required = request.input.value("PasswordResetRequired", profile.reset_required);
  storage::put_login_profile(request.txn, profile);
  return Json::object();
}

Json delete_login_profile(ApiRequest& request, const storage::Entity& user) {
  storage::delete_login_profile(request.txn, require_login_profile(request, user).entity);
  return Json::object();
}

Json none_of_account(const char* member) {
  return {{member, Json::array()}, {"IsTruncated", false}};
}
// A user that the request names must exist; the caller need not be one.
Json none_of_user(const ApiRequest& request, NamedEntity& named, const char* member) {
  if (request.input.contains("UserName")) required(named);
  return none_of_account(member);
}

Json list_signing_certificates(ApiRequest& request, NamedEntity& named) {
  return none_of_user(request, named, "Certificates");
}
Json list_ssh_keys(ApiRequest& request, NamedEntity& named) {
  return none_of_user(request, named, "SSHPublicKeys");
}
Json list_service_credentials(ApiRequest& request, NamedEntity& named) {
  return none_of_user(request, named, "ServiceSpecificCredentials");
}
Json list_server_certificates(ApiRequest&) {
  return none_of_account("ServerCertificateMetadataList");
}

constexpr Operation kSignInOperations[] = {
    {"CreateLoginProfile", "iam:CreateLoginProfile", Access::kWrite,
     on<entity_target, create_login_profile>},
    {"GetLoginProfile", "iam:GetLoginProfile", Access::kRead, on<entity_target, get_login_profile>},
    {"UpdateLoginProfile", "iam:UpdateLoginProfile", Access::kWrite,
     on<entity_target, update_profile>},
    {"DeleteLoginProfile", "iam:DeleteLoginProfile", Access::kWrite,
     on<entity_target, delete_login_profile>},
    {"ListSigningCertificates", "iam:ListSigningCertificates", Access::kRead,
     on<entity_target, list_signing_certificates>},
    {"ListSSHPublicKeys", "iam:ListSSHPublicKeys", Access::kRead, on<entity_target, list_ssh_keys>},
    {"ListServiceSpecificCredentials", "iam:ListServiceSpecificCredentials", Access::kRead,
     on<entity_target, list_service_credentials>},
    {"ListServerCertificates", "iam:ListServerCertificates", Access::kRead,
     on<account_target, list_server_certificates>},
};

}  // namespace

std::vector<const Operation*> sign_in_operations() { return pointers(kSignInOperations); }

}  // namespace ecr::api::iam
