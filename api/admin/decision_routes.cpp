#include "api/admin/decision_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/decision_query.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/decisions/policy_writer.h"
#include "api/admin/live_stream.h"
#include "api/admin/query_parameters.h"
#include "api/core/access/decision_log.h"
#include "api/core/wire/page_token.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;

constexpr std::size_t kMostPerPoll = 50;
constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

class DecisionStream : public BodySource {
 public:
  DecisionStream(const DecisionLog& log, DecisionQuery query)
      : log_(log), query_(std::move(query)), after_(query_.after.value_or(log.newest())) {}

  std::string poll() override {
    // Before reading: what comes in between must not be skipped.
    const std::uint64_t newest = log_.newest();
    if (newest <= after_) return {};
    const auto records = log_.read(after_, kMostPerPoll, [this](const DecisionRecord& record) {
      return query_.wants(record);
    });
    std::string events;
    for (const auto& record : records) {
      events += stream_entry(record->sequence, base::dump(decision_json(*record, query_.trace)));
    }
    if (records.size() < kMostPerPoll) after_ = newest;
    if (!records.empty()) after_ = std::max(after_, records.back()->sequence);
    return events;
  }

 private:
  const DecisionLog& log_;
  const DecisionQuery query_;
  std::uint64_t after_;
};

// The sequence that the page ends before.
std::uint64_t first_decision_of_page(const Services& services, const DecisionQuery& query) {
  if (!query.next_token) return kNoEnd;
  const auto position = read_page_token(services.store.key(), query.filters, *query.next_token);
  if (!position || position->size() != 1) {
    throw QueryError("nextToken", "is not of this listing");
  }
  return std::stoull(position->front());  // we wrote it: the token is authenticated
}

}  // namespace

HttpResponse answer_decisions(const Services& services, const HttpRequest& request) {
  DecisionQuery query = DecisionQuery::parse(request.query());
  query.filters = "decisions\n" + query.filters;
  if (query.follow)
    return live_stream(std::make_shared<DecisionStream>(services.decisions, std::move(query)));
  const std::uint64_t before = first_decision_of_page(services, query);
  // One more than asked for: is there a next page?
  auto records = services.decisions.read_back(
      before, query.after.value_or(0), query.limit + 1,
      [&query](const DecisionRecord& record) { return query.wants(record); });
  OrderedJson json;
  json["decisions"] = OrderedJson::array();
  if (records.size() > query.limit) {
    records.pop_back();
    json["nextToken"] = make_page_token(services.store.key(), query.filters,
                                        {std::to_string(records.back()->sequence)});
  }
  for (const auto& record : records) {
    json["decisions"].push_back(decision_json(*record, query.trace));
  }
  return text_response(200, "application/json", base::dump(json) + "\n");
}

HttpResponse answer_decision_policy(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto principal = parameters.take("principal");
  const auto since = parameters.take_time("since");
  const bool all = parameters.take_choice("include", "all, allowed").value_or("all") == "all";
  parameters.finish();
  if (!principal) throw QueryError("principal", "is missing: an ARN");
  const auto usages = services.decisions.usages([&](const Usage& usage) {
    const auto when = all ? usage.last : usage.last_allowed;
    return when && (!since || *when >= *since) && is_principal(usage.principal, *principal);
  });
  if (usages.empty()) {
    const OrderedJson json = {
        {"message", "Nothing that needs a permission is recorded of " + *principal}};
    return text_response(404, "application/json", base::dump(json) + "\n");
  }
  std::vector<RequestedAccess> requests;
  for (const Usage& usage : usages) requests.emplace_back(usage.action, usage.resource);
  const auto policies = write_least_privilege_policies(requests);
  if (policies.size() == 1) return text_response(200, "application/json", policies.front());
  return text_response(200, "application/json",
                       base::format("[\n{}]\n", base::join(policies, ",\n")));
}

}  // namespace ecr::api::admin
