// Warnings about policies that AWS accepts though they cannot do what they seem to. Test: Warnings
// in tests/auth/iam/policy/lint_test.cpp.
#include <algorithm>
#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/glob.h"
#include "auth/iam/policy/authorization_data.h"
#include "auth/iam/policy/document.h"
#include "auth/iam/policy/json_access.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;

// "AWS global condition context keys" that every request may carry, whatever the action.
constexpr std::array kGlobalKeys = {"aws:AssumedRoot",
                                    "aws:CalledVia",
                                    "aws:CalledViaFirst",
                                    "aws:CalledViaLast",
                                    "aws:ChatbotSourceArn",
                                    "aws:CurrentTime",
                                    "aws:Ec2InstanceSourcePrivateIPv4",
                                    "aws:Ec2InstanceSourceVpc",
                                    "aws:EpochTime",
                                    "aws:FederatedProvider",
                                    "aws:IsMcpServiceAction",
                                    "aws:MultiFactorAuthAge",
                                    "aws:MultiFactorAuthPresent",
                                    "aws:PrincipalAccount",
                                    "aws:PrincipalArn",
                                    "aws:PrincipalIsAWSService",
                                    "aws:PrincipalOrgID",
                                    "aws:PrincipalOrgPaths",
                                    "aws:PrincipalServiceName",
                                    "aws:PrincipalServiceNamesList",
                                    "aws:PrincipalType",
                                    "aws:Referer",
                                    "aws:RequestedRegion",
                                    "aws:ResourceAccount",
                                    "aws:ResourceOrgID",
                                    "aws:ResourceOrgPaths",
                                    "aws:SecureTransport",
                                    "aws:SourceAccount",
                                    "aws:SourceArn",
                                    "aws:SourceIdentity",
                                    "aws:SourceIp",
                                    "aws:SourceOrgID",
                                    "aws:SourceOrgPaths",
                                    "aws:SourceVpc",
                                    "aws:SourceVpcArn",
                                    "aws:SourceVpce",
                                    "aws:TokenIssueTime",
                                    "aws:UserAgent",
                                    "aws:userid",
                                    "aws:username",
                                    "aws:ViaAWSService",
                                    "aws:VpceAccount",
                                    "aws:VpceOrgID",
                                    "aws:VpceOrgPaths",
                                    "aws:VpcSourceIp"};

// "aws:ResourceTag/${TagKey}" stands for every key that starts with "aws:resourcetag/".
bool lists(const ActionInfo& action, std::string_view lower_key) {
  return std::any_of(action.condition_keys.begin(), action.condition_keys.end(),
                     [&](const std::string& known) {
                       const std::string lower = base::to_lower(known);
                       const std::size_t variable = lower.find("${");
                       if (variable == std::string::npos) return lower == lower_key;
                       return lower_key.starts_with(lower.substr(0, variable));
                     });
}

// The claims that are condition keys whatever the provider is (IAM User Guide, "Available keys for
// AWS OIDC federation"); the reference lists them of some providers only.
bool is_claim_of_any_provider(std::string_view lower_key) {
  constexpr std::array kClaims = {":sub", ":aud", ":oaud", ":amr", ":email"};
  const std::size_t colon = lower_key.find(':');
  return colon != std::string_view::npos && lower_key.find('.') < colon &&
         std::find(kClaims.begin(), kClaims.end(), lower_key.substr(colon)) != kClaims.end();
}

// Session tags and source identity of a token are decided with its claims, which the reference
// lists at AssumeRoleWithWebIdentity alone.
bool carries(const ActionInfo& action, std::string_view lower_key) {
  if (lists(action, lower_key)) return true;
  const bool with_token = action.name == "AssumeRoleWithWebIdentity" ||
                          action.name == "TagSession" || action.name == "SetSourceIdentity";
  if (!with_token) return false;
  if (is_claim_of_any_provider(lower_key)) return true;
  const auto& all = find_service("sts")->actions;
  return std::any_of(all.begin(), all.end(), [&](const ActionInfo& other) {
    return other.name == "AssumeRoleWithWebIdentity" && lists(other, lower_key);
  });
}

// A global key may be absent from a request, but some request for any action can have it.
bool is_global(std::string_view lower_key) {
  return lower_key.starts_with("aws:principaltag/") ||
         std::any_of(kGlobalKeys.begin(), kGlobalKeys.end(), [&](std::string_view known) {
           return base::equals_ignore_case(known, lower_key);
         });
}

// "gitlab.example.com:sub": claims that every identity provider's tokens may have. The reference
// has the keys of the providers that AWS knows by name alone.
bool is_claim(std::string_view lower_key) {
  const std::size_t colon = lower_key.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view claim = lower_key.substr(colon + 1);
  return lower_key.substr(0, colon).find('.') != std::string_view::npos &&
         (claim == "aud" || claim == "sub" || claim == "amr" || claim == "oaud" ||
          claim == "email");
}

// "sourceip" of "aws:SourceIp", "resourcetag" of "aws:ResourceTag/team": what a typing error is
// likely to be in. The rest would make every two names seem near.
std::string stem_of(std::string_view name) {
  const std::string_view rest = name.substr(name.find(':') + 1);
  return base::to_lower(rest.substr(0, rest.find('/')));
}

// " Did you mean ecr:PutImage?", or nothing. Names have no case in policies.
std::string meant(const std::string& given, const std::vector<std::string>& known) {
  std::vector<std::string> stems;
  for (const std::string& name : known) stems.push_back(stem_of(name));
  const std::string nearest = base::nearest_word(stem_of(given), stems);
  if (nearest.empty()) return "";
  const auto at = std::find(stems.begin(), stems.end(), nearest);
  return " Did you mean " + known[static_cast<std::size_t>(at - stems.begin())] + "?";
}

// A key that is spelt right, though these actions do not carry it.
bool is_known_key(std::string_view lower_key) {
  for (const char* prefix : {"ecr", "iam", "sts"}) {
    for (const ActionInfo& action : find_service(prefix)->actions) {
      if (carries(action, lower_key)) return true;
    }
  }
  return false;
}

// Returns the text up to the first wildcard or variable.
std::string_view fixed_part(std::string_view text) {
  return text.substr(0, text.find_first_of("*?$"));
}

// Whether the resource of a policy could match some ARN of the type. It compares only plain text:
// the service, and the start of the resource part. In doubt the answer is yes, because a false
// warning is worse than none.
bool could_match(std::string_view resource, std::string_view type_arn) {
  if (resource == "*") return true;
  const ArnParts pattern(resource);
  const ArnParts type(type_arn);
  if (!pattern.is_arn) return true;  // short, or for the grammar to refuse
  if (fixed_part(pattern.part[2]) != type.part[2]) return false;
  const std::string_view given = fixed_part(pattern.part[5]);
  const std::string_view wanted = fixed_part(type.part[5]);
  // Either the policy fixes more than the type does ("repository/app"), or its wildcard comes early
  // and may stand for the rest ("repo*").
  return given.starts_with(wanted) ||
         (given.size() < pattern.part[5].size() && wanted.starts_with(given));
}

class StatementLinter {
 public:
  StatementLinter(const OrderedJson& statement, std::string path)
      : statement_(statement), path_(std::move(path)) {}

  std::vector<Finding> run() {
    check_actions();
    // With an action of an unknown service, that action might carry the key or work on the
    // resource, so nothing can be said.
    if (!every_service_known_ || actions_.empty()) return std::move(findings_);
    check_condition_keys();
    check_resources();
    return std::move(findings_);
  }

 private:
  void warn(std::string path, std::string message) {
    findings_.push_back({Stage::kWarning, std::move(path), std::move(message), {}});
  }

  // Collects the actions that the statement is about. With NotAction these are nearly all actions
  // of AWS, most of which are of services without data here: then keys and resources are not
  // checked.
  void check_actions() {
    const bool negated = statement_.contains("NotAction");
    const OrderedJson* element = member(statement_, negated ? "NotAction" : "Action");
    if (element == nullptr) return;
    const auto all = texts(*element);
    const std::string list = child(path_, negated ? "NotAction" : "Action");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string at = element->is_array() ? item(list, i) : list;
      const std::string lower = base::to_lower(all[i]);
      const std::size_t colon = lower.find(':');
      const ServiceInfo* service = find_service(lower.substr(0, colon));
      if (service == nullptr || colon == std::string::npos || negated) {
        every_service_known_ = false;
      }
      if (service == nullptr || colon == std::string::npos) continue;
      const std::string name = lower.substr(colon + 1);
      // A wildcard means no action in particular: if something does not suit all of its actions,
      // this is no mistake.
      if (!add_matching(*service, name)) {
        warn(at, "There is no action " + all[i] + "." + meant_action(*service, all[i]));
      }
    }
  }

  static std::string meant_action(const ServiceInfo& service, const std::string& given) {
    if (given.find_first_of("*?") != std::string::npos) return "";
    std::vector<std::string> known;
    for (const ActionInfo& action : service.actions) {
      known.push_back(service.prefix + ":" + action.name);
    }
    return meant(given, known);
  }

  // A key with a tag's name behind a slash is compared up to that: "aws:ResourceTag/team".
  std::string meant_key(const std::string& given) const {
    if (is_known_key(base::to_lower(given))) return "";
    const std::size_t slash = std::min(given.find('/'), given.size());
    const std::string tag = given.substr(slash);
    std::vector<std::string> known;
    if (tag.empty()) known.assign(kGlobalKeys.begin(), kGlobalKeys.end());
    for (const Matched& matched : actions_) {
      for (const std::string& key : matched.action->condition_keys) {
        const std::size_t variable = key.find("/${");
        if ((variable != std::string::npos) == tag.empty()) continue;
        known.push_back(key.substr(0, variable) + tag);
      }
    }
    if (!tag.empty()) known.push_back("aws:PrincipalTag" + tag);
    return meant(given, known);
  }

  bool add_matching(const ServiceInfo& service, const std::string& name) {
    const Glob pattern(name);
    const bool exact = pattern.is_literal();
    bool some = false;
    for (const ActionInfo& action : service.actions) {
      if (!pattern.matches(action.lower)) continue;
      actions_.push_back({&service, &action, exact});
      some = true;
    }
    return some;
  }

  // A key that no action carries is absent from every request, so a positive condition never holds
  // and a negated one always does.
  void check_condition_keys() {
    const OrderedJson* condition = member(statement_, "Condition");
    if (condition == nullptr) return;
    for (const auto& [name, keys] : condition->items()) {
      for (const auto& [key, unused] : keys.items()) {
        const std::string lower = base::to_lower(key);
        const std::string at = child(child(child(path_, "Condition"), name), key);
        if (is_global(lower) || is_claim(lower)) continue;
        if (std::none_of(actions_.begin(), actions_.end(),
                         [&](const Matched& m) { return carries(*m.action, lower); })) {
          warn(at, "No action of the statement carries the condition key " + key + "." +
                       meant_key(key));
          continue;
        }
        for (const Matched& matched : actions_) {
          if (!matched.exact || carries(*matched.action, lower)) continue;
          warn(at, matched.text() + " never carries the condition key " + key + ".");
        }
      }
    }
  }

  // Two faults: an action for which no resource of the statement counts, and a resource that no
  // action works on.
  void check_resources() {
    const OrderedJson* element = member(statement_, "Resource");
    if (element == nullptr) return;
    const auto all = texts(*element);
    std::vector<bool> used(all.size());
    for (const Matched& matched : actions_) {
      bool some = false;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (!works_on(*matched.action, all[i])) continue;
        some = used[i] = true;
      }
      if (some || !matched.exact) continue;
      warn(path_ + ".Resource",
           matched.action->wildcard_only
               ? matched.text() + " knows no resources: only \"*\" matches it."
               : "No resource of the statement is of a kind that " + matched.text() + " works on.");
    }
    // If no resource is used at all, the warnings about the actions have said so.
    if (std::find(used.begin(), used.end(), true) == used.end()) return;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (used[i]) continue;
      // `used` has one entry for each text. A single text is either used, or the return above was
      // taken.
      warn(item(path_ + ".Resource", i),
           "No action of the statement works on the resource " + all[i] + ".");
    }
  }

  // An action without resources works on "*" alone.
  static bool works_on(const ActionInfo& action, const std::string& resource) {
    return resource == "*" ||
           std::any_of(action.resource_arns.begin(), action.resource_arns.end(),
                       [&](const std::string& arn) { return could_match(resource, arn); });
  }

  // An action of the statement and its service.
  struct Matched {
    const ServiceInfo* service;
    const ActionInfo* action;
    bool exact;  // named without wildcards
    std::string text() const { return service->prefix + ":" + action->name; }
  };

  const OrderedJson& statement_;
  std::string path_;
  bool every_service_known_ = true;
  std::vector<Matched> actions_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> find_doubtful(const OrderedJson& statement, const std::string& path) {
  return StatementLinter(statement, path).run();
}

}  // namespace ecr::auth::iam
