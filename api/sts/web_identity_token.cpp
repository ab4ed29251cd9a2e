// GetWebIdentityToken: a JWT that names the caller to others, signed by this server. Sources: AWS
// STS API Reference, "GetWebIdentityToken"; IAM User Guide, "Understanding token claims".
#include <algorithm>
#include <any>
#include <chrono>

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/sts/sessions.h"
#include "api/sts/sts_api.h"
#include "auth/web_token.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/iam/web_identity_issuers.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

constexpr std::chrono::seconds kDefaultTokenLife{300};
// AWS has a limit and does not publish it.
constexpr std::size_t kMostPayload = 8192;

struct WebIdentityTokenRequest {
  std::string algorithm;
  std::chrono::seconds life = kDefaultTokenLife;
  SessionTags tags;
};

// The sentences are ours.
[[noreturn]] void invalid_token_request(const char* message) {
  throw ApiError(ErrorCode::kValidation, message);
}

// No session here has a trusted identity propagation context: AWS refuses OriginIdentity for such
// callers with a validation error, and Scope wherever SubjectMode is another.
WebIdentityTokenRequest checked_token_request(const ApiRequest& request) {
  const Json& input = request.input;
  WebIdentityTokenRequest asked;
  asked.algorithm = input["SigningAlgorithm"].get<std::string>();
  if (!auth::is_web_token_algorithm(asked.algorithm)) {
    invalid_token_request("SigningAlgorithm must be RS256 or ES384");
  }
  if (input.value("SubjectMode", "AWSIdentity") == "OriginIdentity") {
    invalid_token_request(
        "SubjectMode OriginIdentity needs a trusted identity propagation context, which the "
        "calling session does not have");
  }
  if (input.contains("Scope")) {
    invalid_token_request("Scope can be specified only where SubjectMode is OriginIdentity");
  }
  asked.life = duration_of(input, kDefaultTokenLife);
  asked.tags = requested_tags(input);
  return asked;
}

Resolved<WebIdentityTokenRequest> web_identity_token_target(const ApiRequest& request) {
  require_regional_endpoint(request);
  WebIdentityTokenRequest asked = checked_token_request(request);
  Target target = caller_target(request).front();
  if (asked.tags.sent) target.request_tags = asked.tags.requested;
  target.multivalued_context.emplace_back(
      "sts:IdentityTokenAudience", request.input["Audience"].get<std::vector<std::string>>());
  target.context.emplace_back("sts:SigningAlgorithm", asked.algorithm);
  target.context.emplace_back("sts:DurationSeconds", base::format("{}", asked.life.count()));
  target.context.emplace_back("sts:SubjectMode", "AWSIdentity");
  std::vector<Target> targets = {target};
  if (asked.tags.any()) {
    targets.push_back(std::move(target));
    targets.back().action = "sts:TagGetWebIdentityToken";
  }
  return {std::move(targets), std::move(asked)};
}

storage::WebIdentityIssuer require_issuer(const ApiRequest& request) {
  auto issuer = storage::find_web_identity_issuer(request.txn, request.caller.account);
  if (!issuer || !issuer->enabled) {
    throw ApiError(ErrorCode::kOutboundWebIdentityDisabled,
                   "Outbound web identity federation is not enabled for this account.");
  }
  return std::move(*issuer);
}

// "You cannot use this operation to extend the lifetime of a session."
void check_token_life(const ApiRequest& request, base::TimePoint expires) {
  const auto& session = request.caller.temporary;
  if (!session || expires <= session->expires_at) return;
  throw ApiError(ErrorCode::kSessionDurationEscalation,
                 "The requested token duration would extend the session beyond its original "
                 "expiration time.");
}

// The key of this algorithm. It is made when it is first needed, with no transaction open, because
// a key of RSA takes a while.
storage::WebIdentityKey token_key(ApiRequest& request, const std::string& algorithm) {
  if (auto key = storage::find_web_identity_key(request.txn, algorithm)) return std::move(*key);
  if (!request.outside.has_value()) {
    throw OutsideWork{[algorithm]() -> std::any { return auth::make_web_token_key(algorithm); }};
  }
  storage::WebIdentityKey key{algorithm, base::make_uuid(request.core.random),
                              std::any_cast<std::string>(request.outside)};
  storage::insert_web_identity_key(request.txn, key);
  return key;
}

Json tag_object(const storage::Tags& tags) {
  Json object = Json::object();
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

// What AWS knows of the caller, under one name of its own. What is not there has no member. That a
// session's end is `original_session_exp` is from examples in AWS's documentation.
Json identity_claims(const ApiRequest& request, const std::string& arn, const SessionTags& tags) {
  const Caller& caller = request.caller;
  Json claims = {{"aws_account", caller.account},
                 {"source_region", request.registry.region},
                 {"principal_id", arn}};
  if (caller.organization) {
    claims["org_id"] = caller.organization->id;
    claims["ou_path"] = base::format("{}/{}", caller.organization->id,
                                     storage::organization_path(request.txn, caller.account));
  }
  if (!caller.tags.empty()) claims["principal_tags"] = tag_object(caller.tags);
  if (tags.any()) claims["request_tags"] = tag_object(tags.requested);
  if (caller.temporary) {
    claims["original_session_exp"] = base::format_iso8601(caller.temporary->expires_at);
    if (caller.temporary->provider) claims["federated_provider"] = *caller.temporary->provider;
  }
  return claims;
}

std::int64_t epoch_seconds(base::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// "For a role session, this is the ARN of the role."
Json get_web_identity_token(ApiRequest& request, WebIdentityTokenRequest& asked) {
  const auto issuer = require_issuer(request);
  const auto& principal = request.caller.principal;
  const std::string& arn =
      principal.kind == auth::iam::PrincipalKind::kRoleSession ? principal.issuer : principal.arn;
  // The token's readers know the machine's time, not a clock that was moved here (as
  // AssumeRoleWithWebIdentity does).
  const auto begin = std::chrono::floor<std::chrono::seconds>(request.core.machine_clock.now());
  check_token_life(request, std::chrono::floor<std::chrono::seconds>(request.now) + asked.life);
  const Json& audience = request.input["Audience"];
  const Json claims = {{"iss", issuer.issuer},
                       {"sub", arn},
                       {"aud", audience.size() == 1 ? audience.front() : audience},
                       {"iat", epoch_seconds(begin)},
                       {"exp", epoch_seconds(begin + asked.life)},
                       {"jti", base::make_uuid(request.core.random)},
                       {"https://sts.amazonaws.com/", identity_claims(request, arn, asked.tags)}};
  const std::string payload = base::dump(claims);
  if (payload.size() > kMostPayload) {
    throw ApiError(ErrorCode::kJwtPayloadSizeExceeded,
                   "The requested token payload size exceeds the maximum allowed size.");
  }
  const auto key = token_key(request, asked.algorithm);
  return {
      {"WebIdentityToken", auth::sign_web_token({key.algorithm, key.id, key.private_key}, payload)},
      {"Expiration", base::format_iso8601(begin + asked.life)}};
}

constexpr Operation kWebIdentityTokenOperations[] = {
    {"GetWebIdentityToken", "sts:GetWebIdentityToken", Access::kWrite,
     on<web_identity_token_target, get_web_identity_token>, Credentials::kSignature, nullptr,
     kBodyLimit, kRoleSession},
};

}  // namespace

std::vector<const Operation*> web_identity_token_operations() {
  return pointers(kWebIdentityTokenOperations);
}

}  // namespace ecr::api::sts
