#include "tests/auth/iam/naive_evaluator.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/auth/iam/naive_conditions.h"

namespace ecr::auth::iam::test {
namespace {

using Json = NaiveJson;

struct Caller {
  std::string kind;  // anonymous, service, root, user, session, federated
  std::string arn;
  std::string account;
  std::string issuer;
  std::string unique_id;
};

std::string text_or_empty(const Json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "";
}

Caller read_caller(const Json& request) {
  Caller caller;
  caller.arn = text_or_empty(request, "principal");
  caller.issuer = text_or_empty(request, "principal_issuer");
  caller.unique_id = text_or_empty(request, "principal_unique_id");
  const auto parts = naive_split(caller.arn, ':');
  if (caller.arn.empty()) {
    caller.kind = "anonymous";
  } else if (parts.size() < 6) {
    caller.kind = "service";
  } else {
    caller.account = parts[4];
    if (parts[5] == "root") caller.kind = "root";
    if (parts[5].starts_with("user/")) caller.kind = "user";
    if (parts[5].starts_with("assumed-role/")) {
      caller.kind = "session";
      if (caller.issuer.empty()) {
        caller.issuer = "arn:" + parts[1] + ":iam::" + caller.account + ":role/" +
                        naive_split(parts[5], '/')[1];
      }
    }
    if (parts[5].starts_with("federated-user/")) caller.kind = "federated";
  }
  return caller;
}

Json as_list(const Json& value) { return value.is_array() ? value : Json::array({value}); }

bool action_matches(const std::string& pattern, const std::string& action) {
  if (pattern == "*") return true;
  const auto p = naive_split(naive_lower(pattern), ':');
  const auto a = naive_split(naive_lower(action), ':');
  if (p.size() != 2 || a.size() != 2) return false;
  return naive_glob(naive_tokens(p[0]), 0, a[0], 0) && naive_glob(naive_tokens(p[1]), 0, a[1], 0);
}

bool resource_matches(const std::string& pattern, const std::string& resource, const Json& context,
                      bool variables, bool complete_short) {
  if (pattern == "*") return true;
  auto parts = naive_split(pattern, ':');
  if (parts.size() < 6 && !complete_short) return false;
  Tokens tokens;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string part = i < parts.size() ? parts[i] : "*";
    const bool service = i == 2 && i < parts.size();
    for (const char c : part) tokens.emplace_back(c, !service && (c == '*' || c == '?'));
    tokens.emplace_back(':', false);
  }
  std::string last = parts.size() < 6 ? "*" : parts[5];
  for (std::size_t i = 6; i < parts.size(); ++i) last += ":" + parts[i];
  if (variables) {
    if (!naive_expand(last, context, tokens)) return false;
  } else {
    for (const auto& token : naive_tokens(last)) tokens.push_back(token);
  }
  return naive_arn(tokens, resource);
}

// How closely one entry names the caller: 0 not, 1 by its account, 2 by what is behind the session,
// 3 directly.
int closeness(const std::string& type, const std::string& text, const Caller& caller,
              const Json& context) {
  if (type == "AWS") {
    if (text == "*") return caller.kind == "federated" ? 2 : 3;
    const bool account =
        text == caller.account || text == "arn:aws:iam::" + caller.account + ":root";
    if (!caller.account.empty() && account) return caller.kind == "root" ? 3 : 1;
    if (!caller.issuer.empty() && text == caller.issuer) return 2;
    if (!caller.unique_id.empty() && text == caller.unique_id) return caller.kind == "user" ? 3 : 2;
    return !caller.arn.empty() && caller.kind != "service" && text == caller.arn ? 3 : 0;
  }
  if (type == "Service") return caller.kind == "service" && text == caller.arn ? 3 : 0;
  if (type == "Federated") {
    const Json* provider = naive_find(context, "aws:FederatedProvider");
    return provider != nullptr && *provider == text ? 3 : 0;
  }
  return 0;
}

std::vector<int> all_closenesses(const Json& principal, const Caller& caller, const Json& context) {
  if (principal.is_string()) return {closeness("AWS", "*", caller, context)};
  std::vector<int> out;
  for (const auto& [type, values] : principal.items()) {
    for (const Json& value : as_list(values)) {
      out.push_back(closeness(type, value.get<std::string>(), caller, context));
    }
  }
  return out;
}

bool lists_everyone(const Json& principal) {
  if (principal.is_string()) return true;
  for (const auto& [type, values] : principal.items()) {
    for (const Json& value : as_list(values)) {
      if (type == "AWS" && value == "*") return true;
    }
  }
  return false;
}

bool is_exempt(const Json& not_principal, const Caller& caller, const Json& context) {
  if (lists_everyone(not_principal)) return true;
  const auto found = all_closenesses(not_principal, caller, context);
  const auto has = [&](int n) { return std::find(found.begin(), found.end(), n) != found.end(); };
  if (caller.kind == "user") return has(3) && has(1);
  if (caller.kind == "session" || caller.kind == "federated") return has(3) && has(2) && has(1);
  return has(3);
}

class Evaluation {
 public:
  explicit Evaluation(const Json& line)
      : request_(line["request"]), caller_(read_caller(request_)) {
    context_ = request_.contains("context") ? request_["context"] : Json::object();
    action_ = request_["action"].get<std::string>();
    resource_ = text_or_empty(request_, "resource");
    if (resource_.empty()) resource_ = "*";
    owner_ = text_or_empty(request_, "resource_account");
    if (owner_.empty()) {
      const auto parts = naive_split(resource_, ':');
      if (parts.size() >= 6) owner_ = parts[4];
    }
    policies_ = line.contains("policies") ? line["policies"] : Json::object();
    for (const char* name : {"identity", "boundaries", "session", "scope_down", "scps", "rcps"}) {
      if (!policies_.contains(name)) policies_[name] = Json::array();
    }
    Json resource = Json::array();
    if (policies_.contains("resource") && !policies_["resource"].is_null()) {
      resource.push_back(policies_["resource"]);
    }
    policies_["resource"] = resource;
    Json endpoint = Json::array();
    if (policies_.contains("endpoint") && !policies_["endpoint"].is_null()) {
      endpoint.push_back(policies_["endpoint"]);
    }
    policies_["endpoint"] = endpoint;
    if (caller_.kind == "root") {
      policies_["identity"].push_back(
          Json::parse(R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})"));
    }
    const bool linked_role = caller_.issuer.find(":role/aws-service-role/") != std::string::npos;
    if (linked_role || caller_.kind == "service" || caller_.kind == "anonymous") {
      policies_["scps"] = Json::array();
    }
    const std::string service = naive_split(naive_lower(action_), ':')[0];
    const bool without = service == "iam" || service == "organizations" || service == "signer";
    if (linked_role || without) policies_["rcps"] = Json::array();
  }

  NaiveResult run() {
    const NaiveResult result = run_without_limits();
    const std::string action = naive_lower(action_);
    const bool always = action == "sts:getcalleridentity" || action == "sts:getsessiontoken";
    if (result.decision != "Allowed" || (always && caller_.kind != "anonymous")) return result;
    for (const Json& one : policies_["scope_down"]) {
      if (strongest_allow(Json::array({one}), "scope_down") == 0) {
        return {"ImplicitlyDenied", "scope_down"};
      }
    }
    for (const Json& one : policies_["endpoint"]) {
      if (strongest_allow(Json::array({one}), "endpoint") == 0) {
        return {"ImplicitlyDenied", "endpoint"};
      }
    }
    return result;
  }

  NaiveResult run_without_limits() {
    const std::string action = naive_lower(action_);
    if (caller_.kind != "anonymous" &&
        (action == "sts:getcalleridentity" || action == "sts:getsessiontoken")) {
      return {"Allowed", "identity"};
    }
    for (const char* name : {"scps", "rcps", "resource", "identity", "boundaries", "session",
                             "scope_down", "endpoint"}) {
      if (denies(name)) return {"ExplicitlyDenied", short_name(name)};
    }
    for (const char* name : {"scps", "rcps"}) {
      for (const Json& level : policies_[name]) {
        if (strongest_allow(level, name) == 0) return {"ImplicitlyDenied", short_name(name)};
      }
    }
    const int by_resource = strongest_allow(policies_["resource"], "resource");
    if (caller_.account.empty()) {
      return {by_resource > 0 ? "Allowed" : "ImplicitlyDenied", "resource"};
    }
    const bool cross_account = !owner_.empty() && owner_ != caller_.account;
    const bool trust =
        action == "sts:assumerole" || action == "sts:assumerolewithsaml" ||
        action == "sts:assumerolewithwebidentity" ||
        (action == "sts:tagsession" && resource_.find(":federated-user/") == std::string::npos) ||
        action == "sts:setsourceidentity";
    if ((cross_account || trust) && by_resource == 0) return {"ImplicitlyDenied", "resource"};
    if (!cross_account && by_resource == 3) return {"Allowed", "resource"};
    const bool identity_needed = cross_account || by_resource < 2;
    if (identity_needed && strongest_allow(policies_["identity"], "identity") == 0) {
      return {"ImplicitlyDenied", "identity"};
    }
    for (const Json& boundary : policies_["boundaries"]) {
      if (strongest_allow(Json::array({boundary}), "boundaries") == 0) {
        return {"ImplicitlyDenied", "boundary"};
      }
    }
    const bool limited = !policies_["session"].empty() || caller_.kind == "federated";
    if (limited && strongest_allow(policies_["session"], "session") == 0) {
      return {"ImplicitlyDenied", "session"};
    }
    return {"Allowed", cross_account || by_resource >= 2 ? "resource" : "identity"};
  }

 private:
  static std::string short_name(const std::string& list) {
    if (list == "scps") return "scp";
    if (list == "rcps") return "rcp";
    return list == "boundaries" ? "boundary" : list;
  }

  bool denies(const std::string& list) {
    Json documents = policies_[list];
    if (list == "scps" || list == "rcps") {
      Json flat = Json::array();
      for (const Json& level : documents) flat.insert(flat.end(), level.begin(), level.end());
      documents = flat;
    }
    for (const Json& document : documents) {
      for (const Json& statement : as_list(document["Statement"])) {
        if (statement["Effect"] == "Deny" && applies(document, statement, list) > 0) return true;
      }
    }
    return false;
  }

  int strongest_allow(const Json& documents, const std::string& list) {
    int strongest = 0;
    for (const Json& document : documents) {
      for (const Json& statement : as_list(document["Statement"])) {
        if (statement["Effect"] != "Allow") continue;
        strongest = std::max(strongest, applies(document, statement, list));
      }
    }
    return strongest;
  }

  // 0: the statement does not apply; else how closely it names the caller.
  int applies(const Json& document, const Json& statement, const std::string& list) {
    const bool variables = document.contains("Version") && document["Version"] == "2012-10-17";
    const bool resource_based = list == "resource" || list == "rcps" || list == "endpoint";
    int close = 3;
    if (resource_based && statement.contains("Principal")) {
      close = 0;
      for (const int c : all_closenesses(statement["Principal"], caller_, context_)) {
        close = std::max(close, c);
      }
    } else if (resource_based) {
      const Json& listed = statement["NotPrincipal"];
      if (statement["Effect"] == "Deny") {
        const bool exempt = is_exempt(listed, caller_, context_);
        if (exempt && policies_["boundaries"].empty()) close = 0;
      } else {
        for (const int c : all_closenesses(listed, caller_, context_)) {
          if (c > 0) close = 0;
        }
      }
    }
    if (close == 0) return 0;

    const bool not_action = statement.contains("NotAction");
    bool some = false;
    for (const Json& pattern : as_list(statement[not_action ? "NotAction" : "Action"])) {
      some = some || action_matches(pattern.get<std::string>(), action_);
    }
    if (some == not_action) return 0;

    if (statement.contains("Resource") || statement.contains("NotResource")) {
      const bool not_resource = statement.contains("NotResource");
      some = false;
      for (const Json& pattern : as_list(statement[not_resource ? "NotResource" : "Resource"])) {
        some = some || resource_matches(pattern.get<std::string>(), resource_, context_, variables,
                                        !resource_based);
      }
      if (some == not_resource) return 0;
    }
    if (statement.contains("Condition")) {
      for (const auto& [op, keys] : statement["Condition"].items()) {
        for (const auto& [key, values] : keys.items()) {
          if (!naive_condition(op, key, values, context_, variables)) return 0;
        }
      }
    }
    return close;
  }

  const Json& request_;
  const Caller caller_;
  Json context_;
  std::string action_;
  std::string resource_;
  std::string owner_;
  Json policies_;
};

}  // namespace

NaiveResult naive_evaluate(const nlohmann::json& line) { return Evaluation(line).run(); }

}  // namespace ecr::auth::iam::test
