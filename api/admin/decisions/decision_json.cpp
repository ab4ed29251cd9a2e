#include "api/admin/decisions/decision_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advice.h"
#include "api/admin/decisions/advised_document.h"
#include "api/admin/decisions/change_target.h"
#include "api/admin/decisions/image_work.h"
#include "api/admin/decisions/tag_advice.h"
#include "api/core/wire/http.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::Context;
using auth::iam::DecidedBy;
using auth::iam::TraceEntry;
using base::OrderedJson;

OrderedJson text(std::string_view value) { return std::string(value); }

// An empty text becomes null.
OrderedJson text_or_null(std::string_view value) {
  return value.empty() ? OrderedJson() : text(value);
}

// A multivalued key is a list even with one value: the operators of policies treat the two
// differently.
OrderedJson value_json(const Context::Value& value) {
  if (!value.multivalued) return text(value.values.at(0));
  return value.values;
}

OrderedJson context_json(const Context& context) {
  OrderedJson json = OrderedJson::object();
  for (const Context::Value& value : context.values()) json[value.name] = value_json(value);
  return json;
}

// Sets a member that is left out where it has no value.
void set_if(OrderedJson& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

// Only SCPs and RCPs are attached at levels of an organization.
void set_level(OrderedJson& json, DecidedBy type, std::size_t level) {
  if (type == DecidedBy::kScp || type == DecidedBy::kRcp) json["level"] = level;
}

// The place of the statement that decided; null for an implicit denial, which no statement decides.
OrderedJson place_json(const auth::iam::Verdict& verdict) {
  if (verdict.policy == nullptr) return {};
  OrderedJson json;
  json["source"] = text(verdict.source);
  json["index"] = verdict.statement;
  set_if(json, "sid", verdict.policy->sid(verdict.statement));
  return json;
}

OrderedJson statement_json(const auth::iam::Verdict& verdict) {
  OrderedJson json = place_json(verdict);
  if (json.is_null()) return json;
  json["document"] = OrderedJson::parse(verdict.policy->statement_json(verdict.statement));
  return json;
}

// The first condition of a statement that does not hold: the values that the policy wants, and
// those that the request has. condition_text() is "<operator> <key>".
OrderedJson condition_json(const AttachedPolicy& attached, const TraceEntry& entry,
                           const OrderedJson& document, const Context& context) {
  const std::string both =
      attached.policy->condition_text(entry.statement, static_cast<std::size_t>(entry.condition));
  const std::size_t space = both.find(' ');
  OrderedJson json;
  json["operator"] = both.substr(0, space);
  json["key"] = both.substr(space + 1);
  json["wanted"] = document.at("Condition").at(both.substr(0, space)).at(both.substr(space + 1));
  const Context::Value* actual = context.find(both.substr(space + 1));
  json["actual"] = actual == nullptr ? OrderedJson() : value_json(*actual);
  return json;
}

// Every statement that the evaluator looked at, in its order.
OrderedJson trace_json(const DecisionRecord& record) {
  OrderedJson json = OrderedJson::array();
  for (const TraceEntry& entry : record.verdict.trace) {
    const AttachedPolicy& attached =
        policies_of(record.policies, entry.type, entry.level)[entry.policy];
    OrderedJson document = OrderedJson::parse(attached.policy->statement_json(entry.statement));
    OrderedJson one;
    one["policyType"] = text(name_of(entry.type));
    set_level(one, entry.type, entry.level);
    one["policy"] = entry.policy;
    one["source"] = attached.source;
    one["target"] = change_target_json(record.request, entry.type, attached.source);
    one["index"] = entry.statement;
    set_if(one, "sid", attached.policy->sid(entry.statement));
    one["effect"] = document.at("Effect");
    one["outcome"] = text(name_of(entry.outcome));
    if (entry.condition >= 0) {
      one["condition"] = condition_json(attached, entry, document, record.request.context);
    }
    one["document"] = std::move(document);
    json.push_back(std::move(one));
  }
  return json;
}

// The policy that the step is about; empty: one that is to be made.
std::string_view source_of(const DecisionRecord& record, const AdviceStep& step) {
  const auto& policies = policies_of(record.policies, step.type, step.level);
  return step.policy < policies.size() ? std::string_view(policies[step.policy].source)
                                       : std::string_view();
}

OrderedJson steps_json(const DecisionRecord& record, const std::vector<AdviceStep>& steps) {
  OrderedJson json = OrderedJson::array();
  for (const AdviceStep& step : steps) {
    const bool add = step.change == AdviceStep::Change::kAdd;
    OrderedJson one;
    one["change"] = add ? "add" : "removeOrNarrow";
    one["policyType"] = text(name_of(step.type));
    set_level(one, step.type, step.level);
    one["where"] = step.where;
    one["target"] = change_target_json(record.request, step.type, source_of(record, step));
    if (!add) one["index"] = step.statement;
    set_if(one, "sid", step.sid);
    one["statement"] = OrderedJson::parse(step.document);
    for (const std::string& statement : step.narrowed) {
      one["narrowed"].push_back(OrderedJson::parse(statement));
    }
    set_if(one, "narrowedAlsoAllows", step.narrowed_also_allows);
    set_if(one, "caution", step.caution);
    json.push_back(std::move(one));
  }
  return json;
}

// How the call came.
std::string_view via(Plane plane) {
  switch (plane) {
    case Plane::kRegistry:
    case Plane::kLayers:
      return "registry";
    case Plane::kApi:
    case Plane::kAdmin:  // "Apply" of the console calls IAM and ECR
    case Plane::kMetadata:
      return "api";
    case Plane::kNone:
      break;
  }
  return "job";
}

OrderedJson documents_json(const auth::iam::PolicySet& policies,
                           const std::vector<AdviceStep>& steps) {
  OrderedJson json = OrderedJson::array();
  for (const AdvisedDocument& document : advised_documents(policies, steps)) {
    OrderedJson one;
    one["policyType"] = text(name_of(document.type));
    set_level(one, document.type, document.level);
    one["where"] = document.where;
    one["how"] = document.how;
    one["document"] = OrderedJson::parse(document.document);
    json.push_back(std::move(one));
  }
  return json;
}

OrderedJson alternatives_json(const std::vector<TagAdvice>& alternatives) {
  OrderedJson json = OrderedJson::array();
  for (const TagAdvice& one : alternatives) {
    json.push_back({{"change", "tag"},
                    {"where", one.where},
                    {"tags", one.tags},
                    {"command", one.command},
                    {"caution", one.caution}});
  }
  return json;
}

// Those that allow the whole of the work.
std::vector<TagAdvice> alternatives_for(const DecisionRecord& record, const MissingForWork& work,
                                        std::vector<TagAdvice> alternatives) {
  std::erase_if(alternatives, [&](const TagAdvice& one) {
    auth::iam::Request asked = with_tags(record.request, one.tags);
    return std::any_of(work.missing.begin(), work.missing.end(), [&](const std::string& action) {
      asked.action = action;
      // A token is of no repository, so that no tag allows it.
      return action == kTokenAction || !evaluate(asked, record.policies).allowed();
    });
  });
  return alternatives;
}

OrderedJson work_json(const DecisionRecord& record, const MissingForWork& missing) {
  OrderedJson json;
  json["name"] = text(missing.name);
  json["missing"] = missing.missing;
  if (!missing.denied.empty()) json["denied"] = missing.denied;
  json["suggestion"] = steps_json(record, missing.steps);
  json["documents"] = documents_json(record.policies, missing.steps);
  return json;
}

}  // namespace

OrderedJson verdict_json(const auth::iam::Verdict& verdict) {
  OrderedJson json;
  json["decision"] = text(name_of(verdict.decision));
  json["decidedBy"] = text(name_of(verdict.decided_by));
  json["statement"] = place_json(verdict);
  return json;
}

std::string time_text(base::TimePoint time) {
  std::string out = base::format_iso8601(time);
  out.pop_back();  // the Z
  const auto millis = time.time_since_epoch().count() % 1000;
  return base::format("{}.{:03}Z", out, millis < 0 ? millis + 1000 : millis);
}

OrderedJson decision_json(const DecisionRecord& record, bool trace) {
  const auth::iam::Request& request = record.request;
  OrderedJson json;
  json["sequence"] = record.sequence;
  json["requestId"] = record.request_id;
  json["time"] = time_text(record.time);
  json["principal"] = text_or_null(request.principal.arn);
  set_if(json, "principalIssuer", request.principal.issuer);
  json["action"] = request.action;
  json["resource"] = request.resource;
  json["resourceAccount"] = text_or_null(request.resource_account);
  json["context"] = context_json(request.context);
  json["decision"] = text(name_of(record.verdict.decision));
  json["decidedBy"] = text(name_of(record.verdict.decided_by));
  json["message"] = text_or_null(record.message);
  json["enforced"] = record.enforced;
  json["via"] = via(record.plane);
  json["statement"] = statement_json(record.verdict);
  if (!json["statement"].is_null()) {
    json["statement"]["target"] =
        change_target_json(request, record.verdict.decided_by, record.verdict.source);
  }
  if (!record.verdict.allowed()) {
    const auto steps = advise(request, record.policies, record.verdict);
    json["suggestion"] = steps_json(record, steps);
    if (trace) json["documents"] = documents_json(record.policies, steps);
  }
  if (trace && !record.verdict.allowed()) {
    const auto alternatives = advise_tags(request, record.policies, record.verdict);
    if (!alternatives.empty()) json["alternatives"] = alternatives_json(alternatives);
    const MissingForWork work = missing_for_work(request, record.policies, record.verdict);
    if (!work.name.empty()) {
      json["work"] = work_json(record, work);
      const auto whole = alternatives_for(record, work, alternatives);
      if (!whole.empty()) json["work"]["alternatives"] = alternatives_json(whole);
    }
  }
  if (trace) json["trace"] = trace_json(record);
  return json;
}

}  // namespace ecr::api::admin
