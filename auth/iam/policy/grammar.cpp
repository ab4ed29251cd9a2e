#include "auth/iam/policy/grammar.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "auth/iam/match/condition.h"
#include "auth/iam/match/principal.h"
#include "auth/iam/policy/json_access.h"
#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using base::OrderedJson;
using enum PolicyType;

enum class Presence { kForbidden, kOptional, kRequired };

// The elements that one kind of policy needs or forbids, beyond the common grammar. AWS documents
// them with each kind of policy; the sentences are from its answers.
struct Rules {
  bool version_2012 = false;  // no other version
  bool iam_texts = false;     // Sids, actions and resources are checked as IAM does
  bool ecr_actions = false;
  bool not_principal = false;  // may replace Principal
  Presence principal = Presence::kForbidden;
  Presence resource = Presence::kRequired;
};

Rules rules_of(PolicyType type) {
  Rules rules;
  switch (type) {
    case kIdentity:
    case kSession:
    case kScp:
      // IAM refuses a policy of 2008-10-17 or without Version ("Policy document must be version
      // 2012-10-17 or greater.").
      rules.version_2012 = rules.iam_texts = true;
      break;
    case kRcp:
      rules.version_2012 = rules.iam_texts = true;
      rules.principal = Presence::kRequired;
      break;
    case kTrust:
      // A trust policy belongs to one role, so it has no Resource. It may be of version 2008-10-17
      // (test: TrustPolicies).
      rules.iam_texts = true;
      rules.principal = Presence::kRequired;
      rules.resource = Presence::kForbidden;
      break;
    case kRepository:
      rules.ecr_actions = rules.not_principal = true;
      rules.principal = Presence::kRequired;
      rules.resource = Presence::kForbidden;
      break;
    case kRegistry:
      rules.ecr_actions = rules.not_principal = true;
      rules.principal = Presence::kRequired;
      break;
    case kEndpoint:
      // "A VPC endpoint policy must contain a Principal element" (AWS PrivateLink Guide, "Endpoint
      // policies"). The example of the ECR User Guide has no Version. What else EC2 checks is not
      // documented.
      rules.not_principal = true;
      rules.principal = Presence::kRequired;
      break;
    case kAny:
      // The evaluator's own input: it must take what any kind of policy may have.
      rules.not_principal = true;
      rules.principal = rules.resource = Presence::kOptional;
      break;
  }
  return rules;
}

constexpr const char* kSyntaxError = "Syntax errors in policy.";
constexpr const char* kLegacyError = "The policy failed legacy parsing";

// One text stands for a list of one everywhere in the language.
bool is_string_list(const OrderedJson& value) {
  return value.is_string() ||
         (value.is_array() && std::all_of(value.begin(), value.end(),
                                          [](const OrderedJson& v) { return v.is_string(); }));
}

// Values of conditions may also be JSON numbers and booleans ("Grammar of the IAM JSON policy
// language").
bool is_scalar_list(const OrderedJson& value) {
  return is_scalar(value) ||
         (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar));
}

std::string invalid_principal(const std::string& type, const std::string& text) {
  std::string out = "Invalid principal in policy: \"";
  out += type;
  out += "\":\"";
  out += text;
  out += '"';
  return out;
}

// Collects every fault of a document. AWS reports one, and the caller picks it by its stage; the
// linter shows all (test: AFaultHidesNoOther).
class Checker {
 public:
  Checker(const OrderedJson& document, PolicyType type)
      : document_(document), type_(type), rules_(rules_of(type)) {}

  std::vector<Finding> run() {
    if (!document_.is_object()) {
      syntax("", "the document is not an object");
      return std::move(findings_);
    }
    check_top();
    const OrderedJson* statements = member(document_, "Statement");
    if (statements == nullptr) {
      syntax("", "there is no Statement");
    } else if (statements->is_object()) {
      check_statement(*statements, "Statement");
    } else if (!statements->is_array() || statements->empty()) {
      syntax("Statement", "not a statement or a list of statements");
    } else {
      for (std::size_t i = 0; i < statements->size(); ++i) {
        check_statement((*statements)[i], item("Statement", i));
      }
    }
    return std::move(findings_);
  }

 private:
  void add(Stage stage, std::string path, std::string message, std::string detail = {}) {
    findings_.push_back({stage, std::move(path), std::move(message), std::move(detail)});
  }
  void syntax(std::string path, std::string detail) {
    add(Stage::kSyntax, std::move(path), kSyntaxError, std::move(detail));
  }

  void check_top() {
    for (const auto& [name, value] : document_.items()) {
      // IAM takes an Id in identity-based policies too, and gives it back (recorded answers of IAM;
      // test: IdentityPolicies), although "IAM JSON policy elements: Id" says it has none there.
      // That the other kinds of policies take one as well is inferred.
      if (name != "Version" && name != "Statement" && name != "Id") {
        syntax(name, "unknown element");
      } else if (name == "Id" && !value.is_string()) {
        syntax(name, "not a string");
      } else if (name == "Version" && value != "2012-10-17" && value != "2008-10-17") {
        syntax(name, "neither 2012-10-17 nor 2008-10-17");
      }
    }
    const OrderedJson* version = member(document_, "Version");
    if (rules_.version_2012 && (version == nullptr || *version != "2012-10-17")) {
      add(Stage::kVersion, version == nullptr ? "" : "Version",
          "Policy document must be version 2012-10-17 or greater.");
    }
  }

  void check_statement(const OrderedJson& statement, const std::string& path) {
    if (!statement.is_object()) {
      syntax(path, "a statement is not an object");
      return;
    }
    const std::size_t before = findings_.size();
    check_elements(statement, path);
    check_effect(statement, path);
    check_condition(statement, path);
    check_sid(statement, path);
    // These look at each element by itself, so that one of the wrong form hides no fault of
    // another.
    check_principals(statement, path);
    check_resources(statement, path);
    check_actions(statement, path);
    const bool well_formed =
        std::none_of(findings_.begin() + static_cast<std::ptrdiff_t>(before), findings_.end(),
                     [](const Finding& f) { return f.stage == Stage::kSyntax; });
    if (well_formed && type_ == kRcp) check_rcp(statement, path);
  }

  // Checks names and JSON types. Names are case-sensitive. An element and its Not form exclude each
  // other.
  void check_elements(const OrderedJson& statement, const std::string& path) {
    constexpr std::array kLists = {"Action", "NotAction", "Resource", "NotResource"};
    for (const auto& [name, value] : statement.items()) {
      const std::string at = child(path, name);
      if (std::find(kLists.begin(), kLists.end(), name) != kLists.end()) {
        if (!is_string_list(value)) syntax(at, "not a string or a list of strings");
      } else if (name == "Principal" || name == "NotPrincipal") {
        if (!is_principal(value)) syntax(at, "not \"*\" or an object of strings");
      } else if (name != "Sid" && name != "Effect" && name != "Condition") {
        syntax(at, "unknown element");
      }
    }
    for (const char* name : {"Action", "Resource", "Principal"}) {
      if (statement.contains(name) && statement.contains(std::string("Not") + name)) {
        syntax(path, std::string(name) + " and Not" + name + " exclude each other");
      }
    }
  }

  // "*" is the only text; everything else names its type: {"AWS": …}.
  static bool is_principal(const OrderedJson& value) {
    if (value.is_string()) return value == "*";
    return value.is_object() && !value.empty() &&
           std::all_of(value.begin(), value.end(), is_string_list);
  }

  // Allow and Deny are case-sensitive. For another case of the letters IAM has a sentence of its
  // own ("The policy failed legacy parsing").
  void check_effect(const OrderedJson& statement, const std::string& path) {
    const OrderedJson* effect = member(statement, "Effect");
    if (effect == nullptr) {
      syntax(path, "there is no Effect");
    } else if (!effect->is_string()) {
      syntax(child(path, "Effect"), "not a string");
    } else if (*effect != "Allow" && *effect != "Deny") {
      const std::string lower = base::to_lower(effect->get_ref<const std::string&>());
      const bool case_only = lower == "allow" || lower == "deny";
      add(case_only ? Stage::kLegacy : Stage::kSyntax, child(path, "Effect"),
          case_only ? kLegacyError : kSyntaxError, "neither Allow nor Deny");
    }
  }

  // An unknown operator is a fault. An unknown key is none: services and tags have keys beyond any
  // list.
  void check_condition(const OrderedJson& statement, const std::string& path) {
    const OrderedJson* condition = member(statement, "Condition");
    if (condition == nullptr) return;
    if (!condition->is_object()) {
      syntax(child(path, "Condition"), "not an object");
      return;
    }
    for (const auto& [name, keys] : condition->items()) {
      const std::string at = child(child(path, "Condition"), name);
      const auto op = ConditionOperator::parse(name);
      if (!keys.is_object()) {
        syntax(at, "not an object");
      } else if (!op && !keys.empty()) {  // AWS lets an unknown operator without keys pass
        syntax(at, "unknown condition operator");
      } else {
        for (const auto& [key, values] : keys.items()) check_condition_key(*op, values, at, key);
      }
    }
  }

  void check_condition_key(const ConditionOperator& op, const OrderedJson& values,
                           const std::string& at, const std::string& key) {
    if (!is_scalar_list(values)) {
      syntax(child(at, key), "not a value or a list of values");
      return;
    }
    // IAM reads no other values than dates when it stores a policy. A value of another type that
    // its operator cannot read is accepted and matches nothing.
    if (op.comparison != Comparison::kDate || type_ == kAny) return;
    for (const std::string& text : texts(values)) {
      if (!is_stored_date(text)) add(Stage::kLegacy, child(at, key), kLegacyError, "not a date");
    }
  }

  void check_sid(const OrderedJson& statement, const std::string& path) {
    const OrderedJson* sid = member(statement, "Sid");
    if (sid == nullptr) return;
    if (!sid->is_string()) {
      syntax(child(path, "Sid"), "not a string");
      return;
    }
    const auto& text = sid->get_ref<const std::string&>();
    // The sample policies of the ECR User Guide have Sids with spaces and repeat them, so ECR
    // checks neither (inferred).
    if (!rules_.iam_texts || text.empty()) return;
    if (!std::all_of(text.begin(), text.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        })) {
      add(Stage::kSid, child(path, "Sid"),
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
          "expression [0-9A-Za-z]*");
    } else if (!sids_.insert(text).second) {
      add(Stage::kSid, child(path, "Sid"),
          "Statement IDs (SID) in a single policy must be unique.");
    }
  }

  // The place where a policy is stored decides whether it names principals. An identity-based
  // policy is attached to its user or role, which names it. The policy of a repository or a role
  // must name the callers itself.
  void check_principals(const OrderedJson& statement, const std::string& path) {
    const bool given = statement.contains("Principal") || statement.contains("NotPrincipal");
    if (rules_.principal == Presence::kForbidden) {
      if (given) add(Stage::kElements, path, "Policy document should not specify a principal.");
      return;
    }
    if (rules_.principal == Presence::kRequired && !given) {
      add(Stage::kElements, path, "Missing required field Principal");
    }
    if (statement.contains("NotPrincipal") && !rules_.not_principal) {
      add(Stage::kElements, child(path, "NotPrincipal"), "Has prohibited field NotPrincipal");
    }
    for (const char* name : {"Principal", "NotPrincipal"}) {
      const OrderedJson* principal = member(statement, name);
      if (principal == nullptr || principal->is_string() || !is_principal(*principal)) continue;
      for (const auto& [type, values] : principal->items()) {
        for (const std::string& text : texts(values)) {
          // Only the form is checked here. Whether the principal exists is for the code that stores
          // the policy ("Principal not found").
          if (PrincipalEntry::parse(type, text)) continue;
          add(Stage::kElements, child(child(path, name), type), invalid_principal(type, text));
        }
      }
    }
  }

  // A repository policy has no Resource, because its repository is the resource (ECR User Guide,
  // "Private repository policies"). ECR refuses a policy that has one (seen in bug reports; test:
  // RepositoryPolicies).
  void check_resources(const OrderedJson& statement, const std::string& path) {
    const bool not_resource = statement.contains("NotResource");
    const std::string name = not_resource ? "NotResource" : "Resource";
    const OrderedJson* resource = member(statement, name);
    if (rules_.resource == Presence::kForbidden) {
      if (resource != nullptr) {
        add(Stage::kElements, child(path, name), "Has prohibited field " + name);
      }
      return;
    }
    if (resource == nullptr ? rules_.resource == Presence::kRequired
                            : (resource->is_array() && resource->empty())) {
      add(Stage::kResources, path, "Policy statement must contain resources.");
      return;
    }
    if (resource == nullptr || !is_string_list(*resource)) return;
    const auto all = texts(*resource);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string at = child(path, name);
      check_resource_text(all[i], resource->is_array() ? item(at, i) : at);
    }
  }

  void check_resource_text(const std::string& text, const std::string& path) {
    if (rules_.ecr_actions && text != "*") {
      const ArnParts arn(text);
      // A registry policy is about repositories, those that do not exist yet included. Only the
      // form is checked.
      if (!arn.is_arn || arn.part[2] != "ecr") {
        add(Stage::kResourceFormat, path, kSyntaxError, "not the ARN of repositories");
      }
    }
    if (!rules_.iam_texts) return;
    const auto fault = check_resource(text);
    if (!fault) return;
    // AWS's legacy parser does not look at resources once one of them has a bad format. The flag
    // covers the whole document.
    if (fault->stage == Stage::kLegacy && bad_format_) return;
    bad_format_ = bad_format_ || fault->stage == Stage::kResourceFormat;
    add(fault->stage, path, fault->message);
  }

  void check_actions(const OrderedJson& statement, const std::string& path) {
    const std::string name = statement.contains("NotAction") ? "NotAction" : "Action";
    const OrderedJson* action = member(statement, name);
    if (action == nullptr || (action->is_array() && action->empty())) {
      add(Stage::kActions, path, "Policy statement must contain actions.");
      return;
    }
    if (!is_string_list(*action)) return;
    const auto all = texts(*action);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string at = action->is_array() ? item(child(path, name), i) : child(path, name);
      // The evaluator's own input may have actions of services and forms that IAM would not store.
      if (type_ == kAny) continue;
      // The form first, as in IAM; then the actions that this kind of policy may name.
      std::string message = check_action(all[i]);
      std::string detail;
      if (message.empty() && rules_.ecr_actions) {
        detail = check_ecr_action(all[i], type_);
        if (!detail.empty()) message = kSyntaxError;
      }
      // A trust policy is about the actions of STS only. An action that STS does not have is
      // refused (recorded answers of IAM); which of those it has AWS takes is not documented, so
      // all pass.
      if (message.empty() && type_ == kTrust && !is_trust_action(all[i])) {
        message = "AssumeRole policy may only specify STS AssumeRole actions.";
      }
      if (!message.empty()) add(Stage::kVendor, at, std::move(message), std::move(detail));
    }
  }

  // An RCP only denies, and to everyone ("Resource control policies", syntax). RCPFullAWSAccess,
  // which AWS attaches itself, is the exception.
  void check_rcp(const OrderedJson& statement, const std::string& path) {
    const OrderedJson* principal = member(statement, "Principal");
    if (principal != nullptr && *principal != "*" && *principal != OrderedJson({{"AWS", "*"}})) {
      add(Stage::kElements, child(path, "Principal"), kSyntaxError, "only \"*\" is possible");
    }
    const bool full_access = statement["Effect"] == "Allow" &&
                             member(statement, "Action") != nullptr && statement["Action"] == "*" &&
                             member(statement, "Resource") != nullptr &&
                             statement["Resource"] == "*" && !statement.contains("Condition");
    if (statement["Effect"] == "Allow" && !full_access) {
      add(Stage::kElements, child(path, "Effect"), kSyntaxError, "only Deny is possible");
    }
  }

  const OrderedJson& document_;
  const PolicyType type_;
  const Rules rules_;
  std::vector<Finding> findings_;
  // The Sids of all statements so far: a Sid is unique in its policy.
  std::set<std::string> sids_;
  bool bad_format_ = false;
};

}  // namespace

std::vector<Finding> check_grammar(const OrderedJson& document, PolicyType type) {
  auto findings = Checker(document, type).run();
  // ECR has one sentence for every fault of a policy (seen in bug reports). The fault itself goes
  // into the detail, which the program shows outside of AWS's message (test:
  // ADetailSaysWhatAwsSentenceDoesNot).
  if (type == kRepository || type == kRegistry) {
    for (Finding& finding : findings) {
      if (finding.detail.empty()) finding.detail = std::move(finding.message);
      finding.message = type == kRepository ? "Invalid repository policy provided"
                                            : "Invalid registry policy provided";
    }
  }
  return findings;
}

}  // namespace ecr::auth::iam
