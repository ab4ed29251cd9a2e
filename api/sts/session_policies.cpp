#include "api/sts/session_policies.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

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

std::vector<std::string> policy_arns(const Json& input) {
  std::vector<std::string> arns;
  for (const Json& descriptor : input.value("PolicyArns", Json::array())) {
    // The model does not require the member.
    if (descriptor.contains("arn")) arns.push_back(descriptor["arn"].get<std::string>());
  }
  return arns;
}

// A managed policy of another account cannot be a session policy. Which error AWS answers for an
// ARN that does not exist is not published.
void check_policy_arn(const Call& call, const std::string& arn, std::string_view account) {
  const auto parsed = model::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("policy/") ||
      (parsed->account != account && parsed->account != "aws")) {
    throw ApiError(ErrorCode::kValidation, base::format("ARN {} is not valid.", arn));
  }
  if (!managed_policy_exists(call.txn, arn)) {
    throw ApiError(ErrorCode::kMalformedPolicyDocument,
                   base::format("Policy {} does not exist or is not attachable.", arn));
  }
}

// Whitespace in a policy is not counted. ARNs count with their length.
std::size_t plain_size(const Json& input) {
  std::size_t size = 0;
  if (input.contains("Policy")) {
    size = auth::iam::counted_size(input["Policy"].get_ref<const std::string&>());
  }
  for (const std::string& arn : policy_arns(input)) size += arn.size();
  return size;
}

// AWS's sentence, with the percentage.
[[noreturn]] void too_large(std::size_t percent) {
  throw ApiError(
      ErrorCode::kPackedPolicyTooLarge,
      base::format("Packed policy consumes {}% of allotted space, please use smaller policy.",
                   percent));
}

}  // namespace

storage::Tags requested_tags(const Json& input) {
  storage::Tags tags = read_tags(input.value("Tags", Json::array()));
  check_session_tags(tags);
  return tags;
}

void check_session_tags(const storage::Tags& tags) { check_tags(tags, kSessionTagRules); }

// Keys are compared without case; the session keeps the spelling of the tag. AWS's sentence.
std::vector<std::string> transitive_keys(const std::vector<std::string>& requested,
                                         const storage::Tags& tags) {
  std::vector<std::string> keys;
  for (const std::string& key : requested) {
    const auto* tag = find_tag_key(tags, key, TagKeyCase::kIgnored);
    if (tag == nullptr) {
      throw ApiError(ErrorCode::kInvalidParameter,
                     "The specified transitive tag key must be included in the requested tags.");
    }
    keys.push_back(tag->first);
  }
  return keys;
}

// The inline policy is kept as its text, a managed policy as its ARN: a managed session policy
// counts as it is when a request is authorized (test ManagedSessionPoliciesCountAsTheyAreNow). The
// limit of ARNs is checked here, because the API model has none.
std::string session_policies(const Call& call, std::string_view account) {
  std::vector<std::string> policies;
  if (call.input.contains("Policy")) {
    const std::string document = call.input["Policy"].get<std::string>();
    const auto parsed = auth::iam::Policy::parse(document, auth::iam::PolicyType::kSession);
    if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
    policies.push_back(document);
  }
  const auto arns = policy_arns(call.input);
  if (arns.size() > kMaxArns) {
    throw ApiError(ErrorCode::kValidation,
                   base::format("1 validation error detected: Value at 'policyArns' failed to "
                                "satisfy constraint: Member must have length less than or equal "
                                "to {}",
                                kMaxArns));
  }
  for (const std::string& arn : arns) {
    check_policy_arn(call, arn, account);
    policies.push_back(arn);
  }
  return to_json_text(policies);
}

// Two limits with one error: 2,048 plain characters of policies, and the packed size with the tags.
int packed_size(const Json& input, const storage::Tags& tags) {
  const std::size_t plain = plain_size(input);
  if (plain > kPlainLimit) too_large(plain * 100 / kPlainLimit);
  std::size_t packed = plain;
  for (const auto& [key, value] : tags) packed += key.size() + value.size() + 2;
  const std::size_t percent = packed_percent(packed);
  if (packed > kPackedLimit) too_large(percent);
  return static_cast<int>(std::min<std::size_t>(percent, 100));
}

bool has_packed(const Json& input) {
  return input.contains("Policy") || input.contains("PolicyArns") || input.contains("Tags");
}

std::string to_json_text(const storage::Tags& tags) {
  Json json = Json::object();
  for (const auto& [key, value] : tags) json[key] = value;
  return base::dump(json);
}

std::string to_json_text(const std::vector<std::string>& texts) { return base::dump(Json(texts)); }

}  // namespace ecr::api::sts
