#include "auth/iam/policy/document.h"

#include <nlohmann/json.hpp>

namespace ecr::auth::iam {
namespace {

constexpr std::size_t kMaxBytes = 1u << 20;  // AWS's largest limit is 131,072
constexpr const char* kSyntaxErrors = "Syntax errors in policy.";

// ECR has one sentence for every fault of a policy, IAM and STS have one for faults of syntax. Text
// that is no JSON has a sentence of its own in trust and session policies (recorded answers).
PolicyProblem syntax_error(PolicyType type, std::size_t line, std::string detail,
                           bool json = true) {
  PolicyProblem problem;
  problem.line = line;
  problem.detail = std::move(detail);
  switch (type) {
    case PolicyType::kRepository:
      problem.message = "Invalid repository policy provided";
      break;
    case PolicyType::kRegistry:
      problem.message = "Invalid registry policy provided";
      break;
    case PolicyType::kTrust:
      problem.message = json ? kSyntaxErrors : "This policy contains invalid Json";
      break;
    case PolicyType::kSession:
      problem.message = json ? kSyntaxErrors : "The policy is not in the valid JSON format.";
      break;
    default:
      problem.message = kSyntaxErrors;
      break;
  }
  return problem;
}

// IAM and STS allow only the characters of their model's policyDocumentType; ECR's PolicyText has
// no such pattern.
bool limits_characters(PolicyType type) {
  return type == PolicyType::kIdentity || type == PolicyType::kSession ||
         type == PolicyType::kTrust;
}

// The line of the first character that IAM's pattern refuses; 0: none. In UTF-8 the characters
// U+0080 to U+00FF are two bytes, of which the first is C2 or C3, so any greater byte begins a
// character beyond them. REQUIRES: UTF-8.
std::size_t line_of_bad_character(std::string_view text) {
  std::size_t line = 1;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n') ++line;
    const bool control = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    if (control || byte > 0xC3) return line;
  }
  return 0;
}

struct SizeLimit {
  std::size_t most = 0;   // 0: none is known
  std::size_t usual = 0;  // beyond it only some places take the document
  const char* where = "";
};

// The limits of "IAM and AWS STS quotas". ECR's limit is that of its API model, which counts white
// space as well. The linter does not know where an identity policy will be attached: it warns above
// 6,144 characters, the limit of a managed policy, and reports a fault above 10,240, the limit of a
// role's inline policies together (test: SizesByWhatThePolicyIsFor).
SizeLimit size_limit(PolicyType type) {
  switch (type) {
    case PolicyType::kIdentity:
      return {10240, 6144, "only a role's inline policies may be, together"};
    case PolicyType::kTrust:
      return {4096, 2048, "only with a raised quota may it be"};
    case PolicyType::kSession:
      return {2048, 2048, ""};
    case PolicyType::kRepository:
    case PolicyType::kRegistry:
      return {10240, 10240, ""};
    case PolicyType::kEndpoint:
      // "Characters per VPC endpoint policy, including white space" (Amazon VPC quotas).
      return {20480, 20480, ""};
    case PolicyType::kScp:
    case PolicyType::kRcp:
    case PolicyType::kAny:
      break;
  }
  return {};
}

}  // namespace

std::vector<Finding> check_size(std::string_view document, PolicyType type) {
  const bool as_written = type == PolicyType::kRepository || type == PolicyType::kRegistry ||
                          type == PolicyType::kEndpoint;
  const std::size_t size = as_written ? document.size() : counted_size(document);
  const SizeLimit limit = size_limit(type);
  if (limit.most == 0 || size <= limit.usual) return {};
  std::string message = std::to_string(size) + " characters are more than ";
  if (size > limit.most) {
    message += "the " + std::to_string(limit.most) + " that such a policy may have.";
    return {{Stage::kResources, "", std::move(message), ""}};
  }
  // Between the two limits it depends on the place, so this is only a warning.
  message += std::to_string(limit.usual) + ": " + limit.where + ".";
  return {{Stage::kWarning, "", std::move(message), ""}};
}

tl::expected<base::OrderedJson, PolicyProblem> read_document(std::string_view document,
                                                             PolicyType type) {
  // JSON text has no byte order mark (RFC 8259 section 8.1).
  if (document.starts_with("\xEF\xBB\xBF")) {
    return tl::unexpected(syntax_error(type, 1, "starts with a byte order mark"));
  }
  base::JsonLimits limits;
  limits.max_bytes = kMaxBytes;
  // The order of the members is kept, because AWS reports the first fault and gives a policy back
  // as it was written.
  auto json = base::parse_ordered_json(document, limits);
  if (!json) {
    const bool is_json = json.error().kind != base::JsonError::Kind::kSyntax;
    return tl::unexpected(syntax_error(type, json.error().line, json.error().detail, is_json));
  }
  if (limits_characters(type)) {
    if (const std::size_t line = line_of_bad_character(document); line != 0) {
      return tl::unexpected(syntax_error(type, line, "a character beyond U+00FF"));
    }
  }
  return std::move(*json);
}

// IAM does not count white space against its limits. Only the strings have to be told apart: space
// inside them counts (test: CountedSizeLeavesOutWhiteSpaceOutsideOfStrings).
std::size_t counted_size(std::string_view document) {
  std::size_t size = 0;
  bool in_string = false;
  bool escaped = false;
  for (const char c : document) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    const bool continuation = (c & 0xC0) == 0x80;  // characters are counted, not bytes
    if (!continuation && (in_string || !space)) ++size;
    if (in_string && c == '\\' && !escaped) {
      escaped = true;
      continue;
    }
    if (c == '"' && !escaped) in_string = !in_string;
    escaped = false;
  }
  return size;
}

}  // namespace ecr::auth::iam
