#include "api/admin/decision_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/decision_query.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/decisions/policy_writer.h"
#include "api/admin/live_stream.h"
#include "api/admin/query_parameters.h"
#include "api/core/access/decision_log.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;

constexpr std::size_t kMostPerPoll = 50;
constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

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

}  // namespace

HttpResponse answer_decisions(const Services& services, const HttpRequest& request) {
  DecisionQuery query = DecisionQuery::parse(request.query());
  query.filters = "decisions\n" + query.filters;
  if (query.follow)
    return live_stream(std::make_shared<DecisionStream>(services.decisions, std::move(query)));
  const Page page =
      requested_page(services.store.key(), query.filters, query.limit, query.next_token);
  // The page ends before the sequence in its token: the newest decision comes first.
  auto records = services.decisions.read_back(
      static_cast<std::uint64_t>(page.after_number(kNoEnd)), query.after.value_or(0),
      static_cast<std::size_t>(page.query_limit()),
      [&query](const DecisionRecord& record) { return query.wants(record); });
  OrderedJson json;
  json["decisions"] = OrderedJson::array();
  const auto next = page.cut(
      records, [](const auto& record) { return static_cast<std::int64_t>(record->sequence); });
  if (next) json["nextToken"] = *next;
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
