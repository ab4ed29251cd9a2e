#include "api/sts/sessions.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/access/mfa.h"
#include "api/core/access/principal_policies.h"
#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/mfa_devices.h"

namespace ecr::api::sts {
namespace {

// AWS STS API Reference, AssumeRole: "the plaintext that you use for both inline and managed
// session policies can't exceed 2,048 characters", "up to 10 managed policies".
constexpr std::size_t kPlainLimit = 2048;
constexpr std::size_t kMaxArns = 10;
// More characters of policies and tags than this do not fit a session. AWS does not publish its
// packing. This size accepts what AWS is known to accept, and refuses 50 tags of full length, as
// AWS does.
constexpr std::size_t kPackedLimit = 8192;

// Characters of a session's token. AWS puts the session's policies and tags into it in a packed
// form that is not published, and bounds the whole: "a session token that exceeded the maximum
// allowed size" is an error of GetScopedCredentials. That bound is taken to be the most that
// MinimumSessionTokenSize may ask for; the size of an empty token and the packing are guesses.
constexpr std::size_t kEmptyToken = 256;
constexpr std::size_t kMostToken = 4096;
constexpr std::size_t kPacking = 4;

// Always a multiple of four, as the token is Base64.
std::size_t token_size(const Json& input, const storage::Session& session) {
  std::size_t plain = 0;
  for (const std::string* part : {&session.policies, &session.tags, &session.scope_down}) {
    constexpr std::size_t kBrackets = 2;  // "[]", "{}"
    plain += part->size() - kBrackets;
  }
  const std::size_t least = input.value("MinimumSessionTokenSize", std::size_t{0});
  const std::size_t size = std::max(kEmptyToken + plain / kPacking, least);
  return (size + 3) / 4 * 4;
}

std::string make_token(base::Random& random, std::size_t size) {
  std::vector<std::uint8_t> noise(size / 4 * 3);
  random.fill(noise);
  return base::base64_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
}

// The packed size of what fits: a guess, a line through two points, in hundred-thousandths of a
// percent. A policy of 163 characters was recorded as 16 %; that the 2,048 characters that a policy
// may have are 100 % is inferred from that limit.
std::size_t packed_percent(std::size_t characters) {
  constexpr std::size_t kStart = 873'000;
  constexpr std::size_t kCharacter = 4'456;
  constexpr std::size_t kPercent = 100'000;
  if (characters == 0) return 0;
  return (kStart + kCharacter * characters + kPercent - 1) / kPercent;
}

// The sentence was captured from AWS.
ApiError duplicate_tag_key() {
  return {ErrorCode::kInvalidParameter,
          "Duplicate tag keys found. Please note that Tag keys are case insensitive."};
}

ApiError reserved_tag_key() {  // the sentence is ours
  return {ErrorCode::kInvalidParameter, "Tag keys that begin with aws: are reserved for AWS use."};
}

constexpr TagRules kSessionTagRules{TagKeyCase::kIgnored, duplicate_tag_key, reserved_tag_key};

// The limit of PolicyArns is checked here, because the API model has none. A managed policy of
// another account cannot be a session policy. Which error AWS answers for an ARN that does not
// exist is not published.
std::vector<std::string> checked_policy_arns(const ApiRequest& request, std::string_view account) {
  std::vector<std::string> arns;
  for (const Json& descriptor : request.input.value("PolicyArns", Json::array())) {
    // The model does not require the member.
    if (descriptor.contains("arn")) arns.push_back(descriptor["arn"].get<std::string>());
  }
  if (arns.size() > kMaxArns) {
    throw ApiError(ErrorCode::kValidation,
                   base::format("1 validation error detected: Value at 'policyArns' failed to "
                                "satisfy constraint: Member must have length less than or equal "
                                "to {}",
                                kMaxArns));
  }
  for (const std::string& arn : arns) {
    const auto parsed = model::Arn::parse(arn);
    if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("policy/") ||
        (parsed->account != account && parsed->account != "aws")) {
      throw ApiError(ErrorCode::kValidation, base::format("ARN {} is not valid.", arn));
    }
    if (!managed_policy_exists(request.txn, arn)) {
      throw ApiError(ErrorCode::kMalformedPolicyDocument,
                     base::format("Policy {} does not exist or is not attachable.", arn));
    }
  }
  return arns;
}

// AWS's sentence, with the percentage.
[[noreturn]] void too_large(std::size_t percent) {
  throw ApiError(
      ErrorCode::kPackedPolicyTooLarge,
      base::format("Packed policy consumes {}% of allotted space, please use smaller policy.",
                   percent));
}

}  // namespace

// Keys are compared without case; the session keeps the spelling of the tag. AWS's sentence.
SessionTags checked_tags(storage::Tags tags, const std::vector<std::string>& transitive) {
  check_tags(tags, kSessionTagRules);
  SessionTags checked;
  for (const std::string& key : transitive) {
    const auto* tag = find_tag_key(tags, key, TagKeyCase::kIgnored);
    if (tag == nullptr) {
      throw ApiError(ErrorCode::kInvalidParameter,
                     "The specified transitive tag key must be included in the requested tags.");
    }
    checked.transitive.push_back(tag->first);
  }
  checked.requested = std::move(tags);
  checked.sent = !checked.requested.empty();
  return checked;
}

SessionTags requested_tags(const Json& input) {
  SessionTags tags = checked_tags(read_tags(input.value("Tags", Json::array())),
                                  input.value("TransitiveTagKeys", std::vector<std::string>()));
  tags.sent = input.contains("Tags");
  return tags;
}

// AWS's sentence, with its two blanks (test ACodeOfAnotherDeviceIsRefused).
bool take_mfa_code(const ApiRequest& request) {
  const std::string serial = base::text_member(request.input, "SerialNumber");
  const std::string code = base::text_member(request.input, "TokenCode");
  if (serial.empty() && code.empty()) return false;
  const auto device = storage::find_mfa_device(request.txn, serial);
  const auto user =
      device && device->entity ? storage::find_entity(request.txn, *device->entity) : std::nullopt;
  // A session of GetSessionToken is its user; a role's session is not.
  const bool own =
      user && user->account == request.caller.account && user->name == request.caller.user_name;
  if (own && api::take_mfa_code(request.txn, *device, code, request.core.machine_clock.now())) {
    return true;
  }
  throw ApiError::access_denied(
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
      "serial number is valid and associated with this user.");
}

std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback) {
  const auto found = input.find("DurationSeconds");
  return found == input.end() ? fallback : std::chrono::seconds(found->get<std::int64_t>());
}

void check_session_policy(const std::string& document) {
  const auto parsed = auth::iam::Policy::parse(document, auth::iam::PolicyType::kSession);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
}

// The inline policy is kept as its text, a managed policy as its ARN: a managed session policy
// counts as it is when a request is authorized (test ManagedSessionPoliciesCountAsTheyAreNow).
std::optional<int> add_policies_and_tags(const ApiRequest& request, const SessionTags& tags,
                                         storage::Session& session) {
  const bool has_policy = request.input.contains("Policy");
  std::vector<std::string> policies;
  std::size_t plain = 0;
  if (has_policy) {
    policies.push_back(request.input["Policy"].get<std::string>());
    check_session_policy(policies.back());
    // White space in a policy is not counted. ARNs count with their length.
    plain = auth::iam::counted_size(policies.back());
  }
  for (const std::string& arn : checked_policy_arns(request, session.account)) {
    plain += arn.size();
    policies.push_back(arn);
  }
  Json all = Json::object();
  std::vector<std::string> transitive = tags.transitive;
  for (const auto& [key, value] : tags.inherited) {
    all[key] = value;
    transitive.push_back(key);
  }
  for (const auto& [key, value] : tags.requested) all[key] = value;
  session.policies = base::dump(Json(policies));
  session.tags = base::dump(all);
  session.transitive_keys = base::dump(Json(transitive));

  // Two limits with one error: 2,048 plain characters of policies, and the packed size with the
  // tags.
  if (plain > kPlainLimit) too_large(plain * 100 / kPlainLimit);
  std::size_t packed = plain;
  for (const storage::Tags* list : {&tags.inherited, &tags.requested}) {
    for (const auto& [key, value] : *list) packed += key.size() + value.size() + 2;
  }
  const std::size_t percent = packed_percent(packed);
  if (packed > kPackedLimit) too_large(percent);
  if (!has_policy && !request.input.contains("PolicyArns") && !tags.sent) return std::nullopt;
  return static_cast<int>(std::min<std::size_t>(percent, 100));
}

void issue_credentials(ApiRequest& request, storage::Session session, std::chrono::seconds lifetime,
                       Json& output) {
  const std::size_t size = token_size(request.input, session);
  if (size > kMostToken) {  // that both sizes are in the message is documented, the words are ours
    throw ApiError(ErrorCode::kPackedPolicyTooLarge,
                   base::format("The session token of {} bytes exceeds the maximum allowed size of "
                                "{} bytes.",
                                size, kMostToken));
  }
  base::Random& random = request.core.random;
  storage::delete_expired_sessions(request.txn, request.now);
  session.access_key = make_unique_id(random, kSessionKeyId, session.account);
  session.secret = make_secret_key(random);
  session.token = make_token(random, size);
  if (session.created_at == base::TimePoint()) session.created_at = request.now;
  // Whole seconds: the time that the caller is shown is the time that holds.
  session.expires_at = std::chrono::floor<std::chrono::seconds>(request.now + lifetime);
  storage::put_session(request.txn, session);
  output["Credentials"] = {{"AccessKeyId", session.access_key},
                           {"SecretAccessKey", session.secret},
                           {"SessionToken", session.token},
                           {"Expiration", base::format_iso8601(session.expires_at)}};
  output["SessionTokenSize"] = size;
  output["SessionTokenUtilization"] = (size * 100 + kMostToken - 1) / kMostToken;
}

}  // namespace ecr::api::sts
