#include "api/admin/decision_query.h"

#include <limits>

#include "api/admin/query_parameters.h"

namespace ecr::api::admin {
namespace {

constexpr std::uint64_t kMostDecisionsAtOnce = 1000;

bool is_decision(auth::iam::Decision decision, std::string_view name) {
  if (name == "Denied") return decision != auth::iam::Decision::kAllowed;
  return auth::iam::name_of(decision) == name;
}

// Each with its length: no two lists of filters read the same.
void append_decision_filter(std::string& out, const std::optional<std::string>& value) {
  out += value ? std::to_string(value->size()) + ":" + *value : "-";
}

}  // namespace

bool is_principal(const auth::iam::Principal& principal, std::string_view arn) {
  if (principal.arn == arn) return true;
  return principal.kind == auth::iam::PrincipalKind::kRoleSession && principal.issuer == arn;
}

DecisionQuery DecisionQuery::parse(std::string_view text) {
  QueryParameters parameters(text);
  DecisionQuery query;
  query.principal = parameters.take("principal");
  query.action = parameters.take("action");
  const auto resource = parameters.take("resource");
  if (resource) query.resource.emplace(*resource);
  query.decision =
      parameters.take_choice("decision", "Allowed, ImplicitlyDenied, ExplicitlyDenied, Denied");
  query.request_id = parameters.take("requestId");
  query.since = parameters.take_time("since");
  query.after = parameters.take_number("after", 0, std::numeric_limits<std::uint64_t>::max());
  const auto limit = parameters.take_number("limit", 1, kMostDecisionsAtOnce);
  query.limit = limit.value_or(query.limit);
  query.next_token = parameters.take("nextToken");
  query.follow = parameters.take_flag("follow");
  query.trace = parameters.take_flag("trace");
  parameters.finish();
  if (query.follow && query.next_token) throw QueryError("nextToken", "a live stream has no pages");
  if (query.follow && limit) throw QueryError("limit", "a live stream has no end");
  for (const auto& filter :
       {query.principal, query.action, resource, query.decision, query.request_id}) {
    append_decision_filter(query.filters, filter);
  }
  if (query.since) query.filters += "s" + std::to_string(query.since->time_since_epoch().count());
  if (query.after) query.filters += "a" + std::to_string(*query.after);
  return query;
}

bool DecisionQuery::wants(const DecisionRecord& record) const {
  const auth::iam::Request& request = record.request;
  return (!request_id || record.request_id == *request_id) && (!since || record.time >= *since) &&
         (!decision || is_decision(record.verdict.decision, *decision)) &&
         (!principal || is_principal(request.principal, *principal)) &&
         (!action || auth::iam::glob_match_ignore_case(*action, request.action)) &&
         (!resource || resource->matches(request.resource));
}

}  // namespace ecr::api::admin
