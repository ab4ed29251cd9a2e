// Warnings about policies that let in more callers than their author may have meant: everybody of
// an identity provider, or everybody. AWS accepts them. Sources: IAM User Guide, "Create a role for
// OpenID Connect federation" (Configuring a role for GitHub OIDC identity provider), "AWS JSON
// policy elements: Principal" (Anonymous users).
#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "auth/iam/match/condition.h"
#include "auth/iam/policy/document.h"
#include "auth/iam/policy/json_access.h"
#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

constexpr std::string_view kGitHubIssuer = "token.actions.githubusercontent.com";
// Claims that tell one identity of a provider from another. GitHub's "repository_owner" is no
// condition key.
constexpr std::string_view kIdentityClaims[] = {"sub",
                                                "email",
                                                "repository",
                                                "repository_id",
                                                "repository_owner_id",
                                                "job_workflow_ref",
                                                "enterprise_id",
                                                "actor",
                                                "actor_id"};

// The issuer as condition keys name it; empty: the provider is one of SAML.
std::string issuer_of(std::string_view provider) {
  constexpr std::string_view kKind = "oidc-provider/";
  const std::size_t at = provider.find(kKind);
  if (at != std::string_view::npos) return base::to_lower(provider.substr(at + kKind.size()));
  return provider.starts_with("arn:") ? std::string() : base::to_lower(provider);
}

// A condition on a claim: its values, and whether '*' in them is a wildcard.
struct ClaimCondition {
  std::string claim;
  std::vector<std::string> values;
  bool wildcards = false;
  std::string path;
};

// The conditions that let in only callers whose claim is one of the values. Negated ones, and Null,
// limit nobody in that way; ForAllValues holds without the claim.
std::vector<ClaimCondition> claim_conditions(const OrderedJson& statement,
                                             const std::string& issuer, const std::string& path) {
  std::vector<ClaimCondition> found;
  const OrderedJson* condition = member(statement, "Condition");
  if (condition == nullptr) return found;
  for (const auto& [name, keys] : condition->items()) {
    const auto op = ConditionOperator::parse(name);
    if (!op || op->quantifier == Quantifier::kForAllValues || op->negated ||
        op->comparison == Comparison::kNull) {
      continue;
    }
    for (const auto& [key, values] : keys.items()) {
      const std::string lower = base::to_lower(key);
      if (!lower.starts_with(issuer + ":")) continue;
      found.push_back({lower.substr(issuer.size() + 1), texts(values),
                       op->comparison == Comparison::kStringLike,
                       child(child(child(path, "Condition"), name), key)});
    }
  }
  return found;
}

bool is_everything(std::string_view text) {
  return text.find_first_not_of('*') == std::string_view::npos;
}

// "repo:*", "repo:*/app:*": any owner's repository. GitHub writes "repo:OWNER/NAME:...".
bool is_any_github_owner(std::string_view subject) {
  constexpr std::string_view kRepo = "repo:";
  const std::size_t wildcard = subject.find_first_of("*?");
  if (wildcard == std::string_view::npos) return false;
  if (wildcard < kRepo.size()) return true;
  return subject.starts_with(kRepo) && subject[kRepo.size()] == '*';
}

class DoorLinter {
 public:
  DoorLinter(const OrderedJson& statement, std::string path, PolicyType type)
      : statement_(statement), path_(std::move(path)), type_(type) {}

  std::vector<Finding> run() {
    const OrderedJson* principal = member(statement_, "Principal");
    if (principal == nullptr || statement_["Effect"] != "Allow" || type_ == PolicyType::kRcp ||
        type_ == PolicyType::kEndpoint) {
      return {};  // these grant nothing
    }
    const std::string at = child(path_, "Principal");
    if (principal->is_string()) check_everybody(*principal, at);
    if (!principal->is_object()) return std::move(findings_);
    if (const auto* names = member(*principal, "AWS")) check_everybody(*names, child(at, "AWS"));
    if (const auto* providers = member(*principal, "Federated")) {
      for (const std::string& provider : texts(*providers)) {
        const std::string issuer = issuer_of(provider);
        if (!issuer.empty()) check_provider(issuer, child(at, "Federated"));
      }
    }
    return std::move(findings_);
  }

 private:
  void warn(const std::string& path, std::string message) {
    findings_.push_back({Stage::kWarning, path, std::move(message), {}});
  }

  void check_everybody(const OrderedJson& names, const std::string& at) {
    const auto all = texts(names);
    if (std::find(all.begin(), all.end(), "*") == all.end()) return;
    const OrderedJson* condition = member(statement_, "Condition");
    if (condition != nullptr && !condition->empty()) return;
    warn(at, type_ == PolicyType::kTrust
                 ? "Without a Condition, principals of every AWS account may assume the role."
                 : "Without a Condition, the statement lets in everybody, of every AWS account.");
  }

  void check_provider(const std::string& issuer, const std::string& at) {
    const auto conditions = claim_conditions(statement_, issuer, path_);
    const auto has = [&](auto&& wanted) {
      return std::any_of(conditions.begin(), conditions.end(), wanted);
    };
    if (!has([](const auto& one) { return one.claim == "aud" || one.claim == "oaud"; })) {
      warn(at, "No condition on " + issuer +
                   ":aud: tokens that the provider made for other applications are good, too, if "
                   "the provider's list of audiences has these.");
    }
    const auto identifies = [](const ClaimCondition& one) {
      return std::find(std::begin(kIdentityClaims), std::end(kIdentityClaims), one.claim) !=
             std::end(kIdentityClaims);
    };
    if (!has(identifies)) {
      warn(at, "No condition on " + issuer +
                   ":sub: every identity of the provider may assume the role" +
                   (issuer == kGitHubIssuer ? ", which is every repository of GitHub." : "."));
    }
    for (const ClaimCondition& one : conditions) {
      if (one.claim == "sub") check_subject(one, issuer);
    }
  }

  void check_subject(const ClaimCondition& condition, const std::string& issuer) {
    for (const std::string& value : condition.values) {
      if (!condition.wildcards) {
        if (value.find('*') == std::string::npos) continue;
        warn(condition.path, "\"" + value +
                                 "\" is compared as it is written: only StringLike takes * for a "
                                 "wildcard.");
      } else if (is_everything(value)) {
        warn(condition.path, "\"" + value + "\" matches every identity of the provider.");
      } else if (issuer == kGitHubIssuer && is_any_github_owner(value)) {
        warn(condition.path,
             "\"" + value +
                 "\" matches repositories of every owner on GitHub: anybody can make "
                 "one. Name the owner: \"repo:OWNER/...\".");
      }
    }
  }

  const OrderedJson& statement_;
  const std::string path_;
  const PolicyType type_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> find_open_doors(const OrderedJson& statement, const std::string& path,
                                     PolicyType type) {
  return DoorLinter(statement, path, type).run();
}

}  // namespace ecr::auth::iam
