#include "api/admin/decision_routes.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/decision_json.h"
#include "api/admin/decisions/hints.h"
#include "api/admin/decisions/image_work.h"
#include "api/admin/decisions/policy_writer.h"
#include "api/admin/decisions/shown_policies.h"
#include "api/admin/listing.h"
#include "api/core/access/decision_log.h"
#include "auth/iam/match/glob.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;

constexpr std::size_t kMostDecisionsPerPoll = 50;
constexpr std::uint64_t kGreatestSequence = std::numeric_limits<std::uint64_t>::max();

// The name of a user or role, or that of a session behind its last slash; "root" of a root user.
std::string_view name_in(std::string_view arn) { return arn.substr(arn.find_last_of("/:") + 1); }

// True for a principal's own ARN and, for each session of a role, for the role's ARN: sessions have
// a new name each time, so that a filter by their own ARN would miss most of them. A text that is
// no ARN is the name of a user or role, of whatever account.
bool is_principal(const auth::iam::Principal& principal, std::string_view asked) {
  const auto is_asked = [&](std::string_view arn) {
    return arn == asked || (!asked.starts_with("arn:") && !arn.empty() && name_in(arn) == asked);
  };
  if (principal.kind != auth::iam::PrincipalKind::kRoleSession) return is_asked(principal.arn);
  return principal.arn == asked || is_asked(principal.issuer);
}

bool is_decision(auth::iam::Decision decision, std::string_view name) {
  if (name == "Denied") return decision != auth::iam::Decision::kAllowed;
  return auth::iam::name_of(decision) == name;
}

struct DecisionQuery : ListingQuery {
  std::optional<std::string> principal;
  std::optional<std::string> action;
  std::optional<auth::iam::Glob> resource;
  std::optional<std::string> decision;
  std::optional<std::string> request_id;
  bool trace = false;

  static DecisionQuery parse(std::string_view text);
  // Checks all filters but `after`.
  bool matches(const DecisionRecord& record) const;
};

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
  take_range(parameters, kGreatestSequence, query);
  query.trace = parameters.take_flag("trace");
  finish_listing(parameters, "decisions",
                 {query.principal, query.action, resource, query.decision, query.request_id},
                 query);
  return query;
}

bool DecisionQuery::matches(const DecisionRecord& record) const {
  const auth::iam::Request& request = record.request;
  return (!request_id || record.request_id == *request_id) && (!since || record.time >= *since) &&
         (!decision || is_decision(record.verdict.decision, *decision)) &&
         (!principal || is_principal(request.principal, *principal)) &&
         (!action || auth::iam::glob_match_ignore_case(*action, request.action)) &&
         (!resource || resource->matches(request.resource));
}

// With a trace also what only the server's state tells: that the resource is missing.
OrderedJson hinted_json(const Services& services, storage::sql::Txn& txn, std::string_view host,
                        const DecisionRecord& record, bool trace) {
  OrderedJson json = decision_json(record, trace);
  show_principals(txn, json);
  if (!trace) return json;
  const Hints hints = hints_for(services, txn, host, record.request);
  if (hints.texts.empty()) return json;
  json["hints"] = hints.texts;
  if (hints.repository_missing) {
    json.erase("alternatives");
    if (json.contains("work")) json["work"].erase("alternatives");
  }
  // A policy that does not exist cannot be changed.
  if (hints.resource_missing && json.contains("suggestion")) {
    json["suggestion"] = OrderedJson::array();
    json["documents"] = OrderedJson::array();
  }
  return json;
}

// "push,pull", in any order.
std::vector<std::string> take_works(QueryParameters& parameters) {
  std::vector<std::string> works;
  const auto given = parameters.take("complete");
  if (!given) return works;
  for (std::size_t at = 0; at <= given->size();) {
    const std::size_t end = std::min(given->find(',', at), given->size());
    std::string work = given->substr(at, end - at);
    at = end + 1;
    if (work != "push" && work != "pull") {
      throw ParameterError("complete", "must be push, pull or both: push,pull");
    }
    works.push_back(std::move(work));
  }
  return works;
}

// The value of a header: short, whatever the number of repositories.
std::string missing_text(const std::vector<std::string>& sentences) {
  constexpr std::size_t kMostSentences = 10;
  const std::vector<std::string> first(
      sentences.begin(),
      sentences.begin() + static_cast<std::ptrdiff_t>(std::min(sentences.size(), kMostSentences)));
  return base::format("{}{} (complete=push,pull adds it)", base::join(first, "; "),
                      sentences.size() > kMostSentences ? "; and more" : "");
}

class DecisionStream : public BodySource {
 public:
  DecisionStream(const DecisionLog& log, DecisionQuery query)
      : log_(log), query_(std::move(query)), after_(query_.after.value_or(log.newest())) {}

  std::string poll() override {
    // The newest sequence is read before the records: a record that is added between the two reads
    // is then found by the next poll, and not skipped.
    const std::uint64_t newest = log_.newest();
    if (newest <= after_) return {};
    const auto records = log_.read(after_, kMostDecisionsPerPoll,
                                   [this](const auto& record) { return query_.matches(record); });
    std::string events;
    for (const auto& record : records) {
      events += stream_entry(record->sequence, base::dump(decision_json(*record, query_.trace)));
    }
    if (records.size() < kMostDecisionsPerPoll) after_ = newest;
    if (!records.empty()) after_ = std::max(after_, records.back()->sequence);
    return events;
  }

 private:
  const DecisionLog& log_;
  const DecisionQuery query_;
  std::uint64_t after_;
};

}  // namespace

HttpResponse answer_decisions(const Services& services, const HttpRequest& request) {
  DecisionQuery query = DecisionQuery::parse(request.query());
  if (query.follow) {
    return live_stream(std::make_shared<DecisionStream>(services.decisions, std::move(query)));
  }
  const std::uint64_t before = page_position(services, query).value_or(kGreatestSequence);
  // One more than the page shows: if it is found, there is a next page.
  auto records = services.decisions.read_back(
      before, query.after.value_or(0), query.limit + 1,
      [&query](const DecisionRecord& record) { return query.matches(record); });
  OrderedJson json;
  json["decisions"] = OrderedJson::array();
  if (records.size() > query.limit) {
    records.pop_back();
    json["nextToken"] = next_page_token(services, query, records.back()->sequence);
  }
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  for (const auto& record : records) {
    json["decisions"].push_back(hinted_json(services, txn, request.host(), *record, query.trace));
  }
  return json_response(200, json);
}

HttpResponse answer_decision_policy(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto principal = parameters.take("principal");
  const auto since = parameters.take_time("since");
  const bool all = parameters.take_choice("include", "all, allowed").value_or("all") == "all";
  const auto works = take_works(parameters);
  parameters.finish();
  if (!principal) throw ParameterError("principal", "is missing: an ARN");
  const auto usages = services.decisions.usages([&](const Usage& usage) {
    const auto when = all ? usage.last : usage.last_allowed;
    return when && (!since || *when >= *since) && is_principal(usage.principal, *principal);
  });
  if (usages.empty()) {
    const std::string message = "Nothing that needs a permission is recorded of " + *principal;
    return json_response(404, base::Json{{"message", message}});
  }
  std::vector<RequestedAccess> requests;
  for (const Usage& usage : usages) requests.emplace_back(usage.action, usage.resource);
  requests = complete_works(std::move(requests), works);
  const auto policies = write_least_privilege_policies(requests);
  // The policies are texts already, indented for people. Several of them are answered as a list.
  HttpResponse response =
      text_response(200, "application/json",
                    policies.size() == 1 ? policies.front()
                                         : base::format("[\n{}]\n", base::join(policies, ",\n")));
  // The body has to stay a policy that AWS takes, which has no place for a remark.
  const auto missing = may_be_missing(requests);
  if (!missing.empty()) response.set("X-Ecr-Local-May-Be-Missing", missing_text(missing));
  return response;
}

}  // namespace ecr::api::admin
