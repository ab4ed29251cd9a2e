// Passwords of users (login profiles). Source: AWS IAM API Reference.
#include <array>

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/openssl.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

constexpr int kPasswordRounds = 20'000;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;

std::string password_hash_of(std::string_view salt, std::string_view password) {
  std::array<unsigned char, kHashBytes> hash;
  base::openssl::require_ok(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                              reinterpret_cast<const unsigned char*>(salt.data()),
                                              static_cast<int>(salt.size()), kPasswordRounds,
                                              EVP_sha256(), hash.size(), hash.data()),
                            "PBKDF2");
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Salt and hash, in base64.
std::string hash_password(base::Random& random, std::string_view password) {
  std::string salt(kSaltBytes, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
  return base::base64_encode(salt + password_hash_of(salt, password));
}

// False where the profile has no hash: an older program stored it.
bool is_password(std::string_view stored, std::string_view password) {
  const auto bytes = base::base64_decode(stored);
  if (!bytes || bytes->size() != kSaltBytes + kHashBytes) return false;
  const std::string hash = password_hash_of(bytes->substr(0, kSaltBytes), password);
  return CRYPTO_memcmp(hash.data(), bytes->data() + kSaltBytes, kHashBytes) == 0;
}

// Only the length is checked, because there is no console to sign in to. Without a password policy
// IAM requires 8 characters; a policy that does not give a length has 6.
void check_password(const ApiRequest& request, std::string_view password) {
  const auto policy = storage::password_policy(request.txn, request.caller.account);
  const auto length =
      policy ? base::parse_json(*policy).value().value("MinimumPasswordLength", 6) : 8;
  if (password.size() < static_cast<std::size_t>(length)) {
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

// The hash is for ChangePassword, which asks for the old password.
Json create_login_profile(ApiRequest& request, const storage::Entity& user) {
  if (storage::find_login_profile(request.txn, user.id)) {
    throw already_exists(base::format("Login Profile for user {} already exists.", user.name));
  }
  const std::string password = text_member(request.input, "Password");
  check_password(request, password);
  const storage::LoginProfile profile{user.id, request.input.value("PasswordResetRequired", false),
                                      request.now, hash_password(request.core.random, password)};
  storage::put_login_profile(request.txn, profile);
  return profile_json(user, profile);
}

Json get_login_profile(ApiRequest& request, const storage::Entity& user) {
  return profile_json(user, require_login_profile(request, user));
}

// Absent members leave the profile as it is.
Json update_profile(ApiRequest& request, const storage::Entity& user) {
  storage::LoginProfile profile = require_login_profile(request, user);
  if (request.input.contains("Password")) {
    const std::string password = text_member(request.input, "Password");
    check_password(request, password);
    profile.password_hash = hash_password(request.core.random, password);
  }
  profile.reset_required = request.input.value("PasswordResetRequired", profile.reset_required);
  storage::put_login_profile(request.txn, profile);
  return Json::object();
}

Json delete_login_profile(ApiRequest& request, const storage::Entity& user) {
  storage::delete_login_profile(request.txn, require_login_profile(request, user).entity);
  return Json::object();
}

// Only the caller's own password, and the root user's cannot be changed by the API. That a wrong
// old password is AccessDenied is inferred.
Json change_password(ApiRequest& request, NamedEntity& named) {
  if (request.caller.principal.kind != auth::iam::PrincipalKind::kUser) {
    throw ApiError(ErrorCode::kInvalidUserType, "Only users can change their password.");
  }
  const storage::Entity& user = required(named);
  storage::LoginProfile profile = require_login_profile(request, user);
  if (!is_password(profile.password_hash, text_member(request.input, "OldPassword"))) {
    throw ApiError::access_denied("The old password is not correct.");
  }
  const std::string password = text_member(request.input, "NewPassword");
  check_password(request, password);
  profile.password_hash = hash_password(request.core.random, password);
  profile.reset_required = false;
  storage::put_login_profile(request.txn, profile);
  return Json::object();
}

constexpr Operation kSignInOperations[] = {
    {"CreateLoginProfile", "iam:CreateLoginProfile", Access::kWrite,
     on<entity_target, create_login_profile>},
    {"GetLoginProfile", "iam:GetLoginProfile", Access::kRead, on<entity_target, get_login_profile>},
    {"UpdateLoginProfile", "iam:UpdateLoginProfile", Access::kWrite,
     on<entity_target, update_profile>},
    {"DeleteLoginProfile", "iam:DeleteLoginProfile", Access::kWrite,
     on<entity_target, delete_login_profile>},
    {"ChangePassword", "iam:ChangePassword", Access::kWrite, on<entity_target, change_password>},
};

}  // namespace

std::vector<const Operation*> sign_in_operations() { return pointers(kSignInOperations); }

}  // namespace ecr::api::iam
