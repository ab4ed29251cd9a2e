#include "api/admin/what_if/questions.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/decisions/advice.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/what_if/question_notes.h"
#include "api/admin/what_if/role_walk.h"
#include "api/admin/what_if/who_can.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/repository_name.h"

namespace ecr::api::admin::what_if {
namespace {

using auth::iam::Outcome;
using auth::iam::TraceEntry;
using base::OrderedJson;

const char* word_of(Outlook::Answer answer) {
  switch (answer) {
    case Outlook::Answer::kAlways:
      return "allowed";
    case Outlook::Answer::kSometimes:
      return "conditional";
    case Outlook::Answer::kNever:
      break;
  }
  return "denied";
}

OrderedJson needs_json(const std::vector<Need>& needs) {
  OrderedJson list = OrderedJson::array();
  for (const Need& need : needs) {
    OrderedJson one = {{"effect", need.allows ? "Allow" : "Deny"}, {"key", need.key}};
    if (!need.test.empty()) {
      one["test"] = need.test;
      one["values"] = OrderedJson::parse(need.values);
    }
    list.push_back(std::move(one));
  }
  return list;
}

// The statements that take part in the verdict: those that apply.
OrderedJson statements_json(const Question& question, const auth::iam::Verdict& verdict) {
  OrderedJson list = OrderedJson::array();
  for (const TraceEntry& entry : verdict.trace) {
    if (entry.outcome != Outcome::kMatched) continue;
    const auto& attached = policies_of(question.policies, entry.type, entry.level)[entry.policy];
    const auto document = OrderedJson::parse(attached.policy->statement_json(entry.statement));
    OrderedJson one = {{"policyType", std::string(name_of(entry.type))},
                       {"policy", attached.source},
                       {"index", entry.statement},
                       {"effect", document.at("Effect")}};
    const std::string sid = attached.policy->sid(entry.statement);
    if (!sid.empty()) one["sid"] = sid;
    list.push_back(std::move(one));
  }
  return list;
}

// {"verdict", "decidedBy", "policy", "statement", "statements", "conditions", "needs"}
void add_outlook(OrderedJson& json, const Question& question, const Outlook& outlook) {
  const OrderedJson verdict = verdict_json(outlook.best);
  json["verdict"] = word_of(outlook.answer);
  json["decidedBy"] = verdict["decidedBy"];
  json["policy"] = std::string(outlook.best.source);
  json["statement"] = verdict["statement"];
  json["statements"] = statements_json(question, outlook.best);
  json["conditions"] = outlook.conditions;
  json["needs"] = needs_json(outlook.needs);
}

OrderedJson step_json(const RoleStep& step) {
  OrderedJson json = {{"role", step.role}, {"action", step.action}};
  add_outlook(json, step.question, step.outlook);
  return json;
}

OrderedJson candidate_json(const Candidate& who) {
  return {{"principal", who.principal}, {"kind", who.kind}, {"account", who.account}};
}

// What the last role may do, and what stands before it: anything that is open on the way is open.
void add_way(OrderedJson& json, const RoleWay& way, const Capable& role) {
  add_outlook(json, role.question, role.outlook);
  json["steps"] = way.steps.size();
  json["via"] = OrderedJson::array();
  for (const RoleStep* step : way.steps) {
    if (step->outlook.answer != Outlook::Answer::kAlways) json["verdict"] = "conditional";
    for (const std::string& key : step->outlook.conditions) {
      OrderedJson& keys = json["conditions"];
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    for (OrderedJson& need : needs_json(step->outlook.needs)) json["needs"].push_back(need);
    json["via"].push_back(step_json(*step));
  }
}

std::vector<RoleWalk::Goal> goals_of(const std::vector<Capable>& capable) {
  std::vector<RoleWalk::Goal> goals;
  for (const Capable& one : capable) {
    if (one.who.kind != "role") continue;
    goals.push_back({one.who.principal, one.outlook.answer == Outlook::Answer::kAlways});
  }
  return goals;
}

const Capable& role_in(const std::vector<Capable>& capable, const std::string& role) {
  return *std::find_if(capable.begin(), capable.end(),
                       [&](const Capable& one) { return one.who.principal == role; });
}

bool is_listed(const std::vector<Capable>& capable, const std::string& principal) {
  return std::any_of(capable.begin(), capable.end(),
                     [&](const Capable& one) { return one.who.principal == principal; });
}

// The roles that are allowed may be of any account, whatever account is asked about.
void add_ways(const Services& services, storage::sql::Txn& txn, const WhoCanQuestion& asked,
              const WhoCan& found, const Deadline& deadline, OrderedJson& json) {
  PolicyView view(services, txn, stored_policies());
  OutlookMaker maker;
  RoleWalk walk(services, txn, view, maker);
  bool truncated = json["truncated"].get<bool>();
  for (const RoleWay& way :
       walk.ways_to(goals_of(found.capable), std::nullopt, deadline, truncated)) {
    if (asked.account && way.who.account != *asked.account) continue;
    if (is_listed(found.capable, way.who.principal)) continue;
    if (json["principals"].size() >= asked.limit) {
      truncated = true;
      break;
    }
    OrderedJson one = candidate_json(way.who);
    add_way(one, way, role_in(found.capable, way.steps.back()->role));
    json["principals"].push_back(std::move(one));
  }
  json["truncated"] = truncated;
}

// A repository may be named without its ARN, where only one has the name.
std::string resource_meant(const Services& services, storage::sql::Txn& txn,
                           const std::string& parameter, const std::string& resource) {
  const auto name = model::RepositoryName::parse(resource);
  if (!name) {
    check_resource(parameter, resource);
    return resource;
  }
  constexpr std::size_t kMostPlaces = 5;
  std::vector<std::string> arns;
  for (const auto& one : storage::find_repositories_named(txn, *name, kMostPlaces)) {
    arns.push_back(model::repository_arn(one.registry, one.name));
  }
  if (arns.size() == 1) return arns.front();
  const std::string fault =
      arns.empty() ? base::format(
                         "there is no repository {}; give an ARN, such as "
                         "arn:aws:ecr:{}:{}:repository/{}",
                         resource, services.settings.region, services.settings.account, resource)
                   : base::format("there is more than one repository {}; give its ARN, such as {}",
                                  resource, arns.front());
  throw ParameterError(parameter, fault);
}

// Asks one question after the other; what is asked about often is read once.
class Asker {
 public:
  Asker(const Services& services, storage::sql::Txn& txn, bool via_roles)
      : services_(services),
        txn_(txn),
        via_roles_(via_roles),
        view_(services, txn, stored_policies()),
        walk_(services, txn, view_, maker_),
        deadline_(services.machine_clock) {}

  OrderedJson answer(const BodyNode& question) {
    question.check_members({"principal", "action", "resource", "context"});
    const std::string principal = question.text("principal");
    const std::string action = question.text("action");
    check_action(question.path_of("action"), action);
    const std::string resource =
        resource_meant(services_, txn_, question.path_of("resource"), question.text("resource"));
    const Caller& caller = caller_named(question, principal);
    Question asked = view_.ask(caller, action, resource);
    add_context(read_context(question), asked.request.context);
    const Outlook outlook = maker_.look(asked, kMostStepsHere);
    OrderedJson json = {{"principal", principal}, {"action", action}, {"resource", resource}};
    json["decision"] = std::string(name_of(outlook.verdict.decision));
    add_outlook(json, asked, outlook);
    json["message"] = OrderedJson();
    json["steps"] = 0;
    json["via"] = OrderedJson::array();
    json["notes"] = notes_of(action, resource);
    if (outlook.answer != Outlook::Answer::kNever) return json;
    json["message"] = denial_message(asked.request, outlook.verdict);
    if (via_roles_) add_way_of(caller, action, resource, json);
    return json;
  }

  bool is_late() const { return deadline_.is_over(); }

 private:
  const Caller& caller_named(const BodyNode& question, const std::string& principal) {
    auto found = callers_.find(principal);
    if (found == callers_.end()) {
      found = callers_.emplace(principal, view_.caller_named(principal)).first;
    }
    if (!found->second) {
      throw ParameterError(question.path_of("principal"),
                           unknown_principal(services_.settings, principal));
    }
    return *found->second;
  }

  const std::vector<std::string>& notes_of(const std::string& action, const std::string& resource) {
    const auto [place, is_new] = notes_.try_emplace(std::make_pair(action, resource));
    if (is_new) place->second = notes_about(txn_, action, resource);
    return place->second;
  }

  const WhoCan& capable_of(const std::string& action, const std::string& resource) {
    const auto key = std::make_pair(action, resource);
    const auto known = capable_.find(key);
    if (known != capable_.end()) return known->second;
    return capable_
        .emplace(key, who_can(services_, txn_, stored_policies(), action, resource, std::nullopt,
                              kMostCapable, deadline_))
        .first->second;
  }

  // A session gets where its role gets, and further where a trust policy names the session itself.
  void add_way_of(const Caller& caller, const std::string& action, const std::string& resource,
                  OrderedJson& json) {
    const WhoCan& found = capable_of(action, resource);
    const auto goals = goals_of(found.capable);
    bool truncated = false;
    for (const std::string& name : {caller.principal.arn, caller.principal.issuer}) {
      if (name.empty()) continue;
      const auto ways = walk_.ways_to(goals, name, deadline_, truncated);
      if (ways.empty()) continue;
      return add_way(json, ways.front(), role_in(found.capable, ways.front().steps.back()->role));
    }
  }

  const Services& services_;
  storage::sql::Txn& txn_;
  const bool via_roles_;
  PolicyView view_;
  OutlookMaker maker_;
  RoleWalk walk_;
  const Deadline deadline_;
  std::map<std::string, std::optional<Caller>> callers_;
  // By action and resource.
  std::map<std::pair<std::string, std::string>, WhoCan> capable_;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> notes_;
};

bool via_roles_of(const BodyNode& body) {
  if (!body.has("viaRoles")) return false;
  const BodyNode node = body.member("viaRoles");
  if (!node.json().is_boolean()) node.fail("must be true or false");
  return node.json().get<bool>();
}

}  // namespace

void check_resource(const std::string& parameter, const std::string& resource) {
  if (resource == "*" || model::Arn::parse(resource)) return;
  throw ParameterError(
      parameter,
      base::format("must be an ARN, such as "
                   "arn:aws:ecr:us-east-1:000000000000:repository/app, or *; it is \"{}\"",
                   resource));
}

std::string unknown_principal(const Settings& settings, const std::string& principal) {
  return base::format(
      "must be the ARN of a user, role, session or root user that is here, such as "
      "arn:aws:iam::{}:root, or the name of a service, such as ecs-tasks.amazonaws.com; it is "
      "\"{}\"",
      settings.account, principal);
}

void check_action(const std::string& parameter, const std::string& action) {
  const std::size_t colon = action.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == action.size() ||
      action.find_first_of("*? \t\r\n") != std::string::npos) {
    throw ParameterError(
        parameter, base::format("must be one action, such as ecr:PutImage; it is \"{}\"", action));
  }
}

auth::iam::Context read_context(const BodyNode& body) {
  auth::iam::Context context;
  if (!body.has("context")) return context;
  const BodyNode node = body.member("context");
  if (!node.json().is_object()) node.fail("must be an object");
  for (const auto& [key, value] : node.json().items()) {
    if (value.is_string()) {
      context.set(key, value.get<std::string>());
    } else if (value.is_array() && std::all_of(value.begin(), value.end(),
                                               [](const auto& one) { return one.is_string(); })) {
      context.set_multi(key, value.get<std::vector<std::string>>());
    } else {
      throw ParameterError(node.path_of(key), "must be a string, or a list of strings");
    }
  }
  return context;
}

void add_context(const auth::iam::Context& given, auth::iam::Context& context) {
  for (const auto& value : given.values()) {
    if (value.multivalued) {
      context.set_multi(value.name, value.values);
    } else {
      context.set(value.name, value.values.front());
    }
  }
}

OrderedJson who_can_json(const Services& services, const WhoCanQuestion& asked) {
  check_action("action", asked.action);
  if (asked.account && !model::is_account_id(*asked.account)) {
    throw ParameterError("account", "must be 12 digits");
  }
  const Deadline deadline(services.machine_clock);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const std::string resource = resource_meant(services, txn, "resource", asked.resource);
  // Ways may end at roles of any account.
  const WhoCan found = who_can(services, txn, stored_policies(), asked.action, resource,
                               asked.via_roles ? std::nullopt : asked.account,
                               asked.via_roles ? kMostCapable : asked.limit, deadline);
  OrderedJson json = {
      {"action", asked.action}, {"resource", resource}, {"principals", OrderedJson::array()}};
  bool truncated = found.truncated;
  for (const Capable& one : found.capable) {
    if (asked.account && one.who.account != *asked.account) continue;
    if (json["principals"].size() >= asked.limit) {
      truncated = true;
      break;
    }
    OrderedJson capable = candidate_json(one.who);
    add_outlook(capable, one.question, one.outlook);
    capable["steps"] = 0;
    capable["via"] = OrderedJson::array();
    json["principals"].push_back(std::move(capable));
  }
  json["truncated"] = truncated;
  json["notes"] = notes_about(txn, asked.action, resource);
  if (asked.via_roles) add_ways(services, txn, asked, found, deadline, json);
  return json;
}

OrderedJson can_json(const Services& services, const BodyNode& body) {
  body.check_members({"questions", "viaRoles"});
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  Asker asker(services, txn, via_roles_of(body));
  OrderedJson answers = OrderedJson::array();
  bool truncated = false;
  body.member("questions");  // which must be there
  body.each("questions", kMostQuestions, [&](const BodyNode& question) {
    truncated = truncated || asker.is_late();
    if (truncated) {
      answers.push_back({{"error", "there was no time left for this question"}});
      return;
    }
    try {
      answers.push_back(asker.answer(question));
    } catch (const ParameterError& error) {
      answers.push_back({{"error", std::string(error.what())}});
    }
  });
  return {{"answers", std::move(answers)}, {"truncated", truncated}};
}

}  // namespace ecr::api::admin::what_if
