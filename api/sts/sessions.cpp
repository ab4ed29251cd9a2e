#include "api/sts/common.h"

#include <nlohmann/json.hpp>

#include "api/core/access/policy_memo.h"
#include "api/core/access/principal_policies.h"
#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::sts {
namespace {

// AWS STS API Reference, "AssumeRole": one hour, which is also the most for role chaining.
constexpr std::chrono::seconds kDefaultRoleSession{3600};
constexpr std::size_t kTokenBytes = 192;

std::string random_text(base::Random& random, std::size_t bytes) {
  std::vector<std::uint8_t> noise(bytes);
  random.fill(noise);
  return base::base64_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
}

model::Arn parse_role_arn(const std::string& text) {
  auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam" || !arn->region.empty() ||
      !model::is_account_id(arn->account) || !arn->resource.starts_with("role/")) {
    throw ApiError(ErrorCode::kValidation, base::format("{} is invalid", text));
  }
  return std::move(*arn);
}

}  // namespace

std::optional<storage::Entity> find_role(storage::sql::Txn& txn, const std::string& text) {
  return entity_of_arn(txn, parse_role_arn(text));
}

// STS does not say whether a role exists: authorization refuses a missing role as one that does not
// trust the caller (test ARoleThatIsNotThereIsRefusedAsOneThatIsNotTrusted). This error is seen
// only where policies are not enforced; its sentence is ours.
storage::Entity require_role(const ApiRequest& request) {
  auto role = find_role(request.txn, request.input["RoleArn"].get<std::string>());
  if (!role) throw ApiError::access_denied("The role does not exist");
  return std::move(*role);
}

std::string role_account(const std::string& arn) { return parse_role_arn(arn).account; }

// The trust policy is the role's resource policy: it takes part in the decision even where caller
// and role are of one account (IAM User Guide). A missing role has no trust policy, so nothing
// allows to assume it.
Target role_target(const ApiRequest& request, const std::optional<storage::Entity>& role) {
  Target target;
  target.resource = request.input["RoleArn"].get<std::string>();
  target.account = role_account(target.resource);
  target.context.emplace_back("sts:RoleSessionName",
                              request.input["RoleSessionName"].get<std::string>());
  if (!role) return target;
  set_iam_tags(target, storage::entity_tags(request.txn, role->id));
  if (role->trust_policy) {
    target.policies.push_back(
        {request.core.policies.get(*role->trust_policy, auth::iam::PolicyType::kTrust),
         "trust policy of role " + role->name});
  }
  return target;
}

std::vector<Target> caller_target(const ApiRequest& request) {
  Target target;
  target.resource = "*";
  target.account = request.caller.account;
  return {target};
}

std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback) {
  const auto found = input.find("DurationSeconds");
  return found == input.end() ? fallback : std::chrono::seconds(found->get<std::int64_t>());
}

// Role chaining (a role's session assumes a role) is limited to one hour, whatever the role allows
// (AWS STS API Reference, "AssumeRole"; test DurationsHaveTheirLimits). Both sentences are AWS's.
std::chrono::seconds role_session_duration(const ApiRequest& request, const storage::Entity& role) {
  const auto duration = duration_of(request.input, kDefaultRoleSession);
  const bool chained =
      request.caller.temporary && request.caller.temporary->kind == storage::SessionKind::kRole;
  if (chained && duration > kDefaultRoleSession) {
    throw ApiError(ErrorCode::kValidation,
                   "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                   "assumed by role chaining.");
  }
  if (duration > std::chrono::seconds(role.max_session_seconds)) {
    throw ApiError(
        ErrorCode::kValidation,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return duration;
}

Json issue_credentials(ApiRequest& request, storage::Session session, std::chrono::seconds lifetime) {
  base::Random& random = request.core.random;
  storage::delete_expired_sessions(request.txn, request.now);
  session.access_key = make_unique_id(random, kSessionKeyId, session.account);
  session.secret = make_secret_key(random);
  session.token = random_text(random, kTokenBytes);
  session.created_at = request.now;
  // Whole seconds: the time that the caller is shown is the time that holds.
  session.expires_at = std::chrono::floor<std::chrono::seconds>(request.now + lifetime);
  storage::put_session(request.txn, session);
  return {{"AccessKeyId", session.access_key},
          {"SecretAccessKey", session.secret},
          {"SessionToken", session.token},
          {"Expiration", base::format_iso8601(session.expires_at)}};
}

// The ARN of a session has the role's name without its path.
Json assumed_role_user(const storage::Entity& role, const std::string& session_name) {
  return {{"AssumedRoleId", role.unique_id + ":" + session_name},
          {"Arn", base::format("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name,
                               session_name)}};
}

// AWS's sentence, with its two blanks (test NoCodeOfADeviceIsRight).
void refuse_mfa_code() {
  throw ApiError::access_denied(
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
      "serial number is valid and associated with this user.");
}

}  // namespace ecr::api::sts
