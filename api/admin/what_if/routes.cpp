#include "api/admin/what_if/routes.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/what_if/changed_policies.h"
#include "api/admin/what_if/replay.h"
#include "api/admin/what_if/stored_documents.h"
#include "api/admin/what_if/validate.h"
#include "api/admin/what_if/who_can.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::what_if {
namespace {

using base::OrderedJson;

// Two documents of the greatest size, and what is around them.
constexpr std::uint64_t kWhatIfBody = 4u << 20;
constexpr std::uint64_t kMostCapable = 10'000;

// What is asked about a thing that has no ARN is asked about "*".
void check_resource(const std::string& resource) {
  if (resource == "*" || model::Arn::parse(resource)) return;
  throw ParameterError("resource", "must be an ARN, or *");
}

void check_action(const std::string& parameter, const std::string& action) {
  const std::size_t colon = action.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == action.size() ||
      action.find_first_of("*? \t\r\n") != std::string::npos) {
    throw ParameterError(parameter, "must be one action, as ecr:PutImage");
  }
}

HttpResponse answer_who_can(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto action = parameters.take("action");
  const auto resource = parameters.take("resource");
  const auto account = parameters.take("account");
  const auto limit = parameters.take_number("limit", 1, kMostCapable).value_or(1000);
  parameters.finish();
  if (!action) throw ParameterError("action", "is missing: one action, as ecr:PutImage");
  if (!resource) throw ParameterError("resource", "is missing: an ARN, or *");
  check_action("action", *action);
  check_resource(*resource);
  if (account && !model::is_account_id(*account)) {
    throw ParameterError("account", "must be 12 digits");
  }
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const WhoCan found = who_can(services, txn, stored_policies(), *action, *resource, account, limit,
                               Deadline(services.machine_clock));
  OrderedJson json = {
      {"action", *action}, {"resource", *resource}, {"principals", OrderedJson::array()}};
  for (const Capable& one : found.capable) {
    const bool always = one.outlook.answer == Outlook::Answer::kAlways;
    const OrderedJson verdict = verdict_json(one.outlook.best);
    json["principals"].push_back({{"principal", one.who.principal},
                                  {"kind", one.who.kind},
                                  {"account", one.who.account},
                                  {"verdict", always ? "allowed" : "conditional"},
                                  {"decidedBy", verdict["decidedBy"]},
                                  {"policy", std::string(one.outlook.best.source)},
                                  {"statement", verdict["statement"]},
                                  {"conditions", one.outlook.conditions}});
  }
  json["truncated"] = found.truncated;
  return json_response(200, json);
}

OrderedJson replay_json(const Replay& result) {
  OrderedJson changed = OrderedJson::array();
  for (const ChangedVerdict& one : result.changed) {
    const DecisionRecord& record = *one.record;
    OrderedJson after = verdict_json(one.after);
    after["sentence"] = one.sentence.empty() ? OrderedJson() : OrderedJson(one.sentence);
    const std::string& principal = record.request.principal.arn;
    changed.push_back({{"requestId", record.request_id},
                       {"sequence", record.sequence},
                       {"time", time_text(record.time)},
                       {"principal", principal.empty() ? OrderedJson() : OrderedJson(principal)},
                       {"action", record.request.action},
                       {"resource", record.request.resource},
                       {"before", verdict_json(one.before)},
                       {"after", std::move(after)}});
  }
  return {{"replayed", result.replayed},
          {"changed", std::move(changed)},
          {"skipped", result.skipped},
          {"truncated", result.truncated}};
}

HttpResponse answer_replay(const Services& services, const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"changes", "limit"});
  const auto changes = read_changes(body);
  const auto limit =
      static_cast<std::size_t>(body.number("limit", kMostReplayed, 1, std::int64_t{kMostReplayed}));
  const auto records = services.decisions.read_back(std::numeric_limits<std::uint64_t>::max(), 0,
                                                    limit, DecisionLog::Filter());
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  return json_response(
      200, replay_json(replay(services, txn, records, changes, Deadline(services.machine_clock))));
}

// Keys of the request that the rows are about, as a request would carry them.
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

OrderedJson cell_json(const std::string& action, const Outlook& outlook) {
  OrderedJson cell = {{"action", action}};
  cell.update(verdict_json(outlook.verdict));
  cell["conditions"] = outlook.conditions;
  return cell;
}

// A cell for which there is no time left has no decision.
HttpResponse answer_matrix(const Services& services, const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"principals", "actions", "resource", "context", "changes"});
  const auto principals = body.texts("principals", kMostPrincipals);
  const auto actions = body.texts("actions", kMostActions);
  const std::string resource = body.text("resource");
  check_resource(resource);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    check_action(base::format("actions[{}]", i), actions[i]);
  }
  const auto context = read_context(body);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const ChangedPolicies reader(txn, read_changes(body));
  PolicyView view(services, txn, reader);
  OutlookMaker maker;
  const Deadline deadline(services.machine_clock);
  OrderedJson rows = OrderedJson::array();
  bool truncated = false;
  for (std::size_t i = 0; i < principals.size(); ++i) {
    const auto caller = view.caller_named(principals[i]);
    if (!caller) {
      throw ParameterError(base::format("principals[{}]", i),
                           "must be the ARN of a user, role, session or root user that is here, or "
                           "the name of a service");
    }
    OrderedJson cells = OrderedJson::array();
    for (const std::string& action : actions) {
      truncated = truncated || deadline.is_over();
      if (truncated) {
        cells.push_back({{"action", action}, {"decision", nullptr}});
        continue;
      }
      Question question = view.ask(*caller, action, resource);
      add_context(context, question.request.context);
      cells.push_back(cell_json(action, maker.look(question, kMostStepsHere)));
    }
    rows.push_back({{"principal", principals[i]}, {"cells", std::move(cells)}});
  }
  return json_response(200, OrderedJson{{"rows", std::move(rows)}, {"truncated", truncated}});
}

OrderedJson document_json(const StoredDocument& one) {
  OrderedJson json = {{"kind", std::string(name_of(one.kind))}, {"target", one.target}};
  if (!one.name.empty()) json["name"] = one.name;
  json["editable"] = one.editable;
  const auto document = base::parse_ordered_json(one.document);
  json["document"] = document ? *document : OrderedJson();
  json["text"] = one.document;
  return json;
}

OrderedJson documents_json(const Services& services, const std::string& target) {
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  OrderedJson list = OrderedJson::array();
  for (const StoredDocument& one : documents_of(txn, target)) list.push_back(document_json(one));
  return {{"target", target}, {"policies", std::move(list)}};
}

HttpResponse answer_policies(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto target = parameters.take("target");
  parameters.finish();
  if (!target) throw ParameterError("target", "is missing: an ARN");
  return json_response(200, documents_json(services, *target));
}

// The answer is what GET answers then; of a policy that was deleted itself there is nothing left.
HttpResponse store_policy(const Services& services, const ControlPlane& control,
                          const HttpRequest& request) {
  OrderedJson document = read_body(request.body);
  bool force = false;
  if (const auto found = document.find("force"); found != document.end()) {
    if (!found->is_boolean()) throw ParameterError("force", "must be true or false");
    force = found->get<bool>();
    document.erase("force");
  }
  const Change change = read_change({document, ""});
  store_change(services, control, request, change, force);
  const bool is_gone =
      !change.document && (change.kind == ChangeKind::kManaged || change.kind == ChangeKind::kScp ||
                           change.kind == ChangeKind::kRcp);
  if (is_gone) {
    return json_response(
        200, OrderedJson{{"target", change.target}, {"policies", OrderedJson::array()}});
  }
  return json_response(200, documents_json(services, change.target));
}

}  // namespace

std::vector<AdminRoute> routes(const Services& services, const ControlPlane& control) {
  const auto with = [&services](auto* handler) {
    return [&services, handler](const HttpRequest& request) { return handler(services, request); };
  };
  return {
      {.method = "GET", .path = "/_ecr-local/who-can", .handle = with(answer_who_can)},
      {.method = "POST",
       .path = "/_ecr-local/decisions/replay",
       .body_limit = kWhatIfBody,
       .handle = with(answer_replay)},
      {.method = "POST",
       .path = "/_ecr-local/decisions/matrix",
       .body_limit = kWhatIfBody,
       .handle = with(answer_matrix)},
      {.method = "POST",
       .path = "/_ecr-local/validate-policy",
       .body_limit = kWhatIfBody,
       .handle = answer_validate_policy},
      {.method = "GET", .path = "/_ecr-local/policies", .handle = with(answer_policies)},
      {.method = "PUT",
       .path = "/_ecr-local/policies",
       .body_limit = kWhatIfBody,
       .handle =
           [&services, &control](const HttpRequest& request) {
             return store_policy(services, control, request);
           }},
  };
}

}  // namespace ecr::api::admin::what_if
