#include "api/admin/what_if/routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/what_if/changed_policies.h"
#include "api/admin/what_if/outlook.h"
#include "api/admin/what_if/policy_view.h"
#include "api/admin/what_if/questions.h"
#include "api/admin/what_if/replay.h"
#include "api/admin/what_if/stored_documents.h"
#include "api/admin/what_if/validate.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::what_if {
namespace {

using base::OrderedJson;

// Two documents of the greatest size, and what is around them.
constexpr std::uint64_t kWhatIfBody = 4u << 20;

HttpResponse answer_who_can(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto action = parameters.take("action");
  const auto resource = parameters.take("resource");
  const auto account = parameters.take("account");
  const auto limit = parameters.take_number("limit", 1, kMostCapable).value_or(1000);
  const bool via_roles = parameters.take_flag("viaRoles");
  parameters.finish();
  if (!action) throw ParameterError("action", "is missing: one action, such as ecr:PutImage");
  if (!resource) throw ParameterError("resource", "is missing: an ARN, or *");
  return json_response(200, who_can_json(services, {.action = *action,
                                                    .resource = *resource,
                                                    .account = account,
                                                    .limit = static_cast<std::size_t>(limit),
                                                    .via_roles = via_roles}));
}

HttpResponse answer_can(const Services& services, const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  return json_response(200, can_json(services, {document, ""}));
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
  check_resource("resource", resource);
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
                           unknown_principal(services.settings, principals[i]));
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
       .path = "/_ecr-local/can",
       .body_limit = kWhatIfBody,
       .handle = with(answer_can)},
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
