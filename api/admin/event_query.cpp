#include "api/admin/event_query.h"

#include <limits>

#include "api/admin/query_parameters.h"

namespace ecr::api::admin {
namespace {

constexpr std::uint64_t kMostEventsAtOnce = 1000;

// Each with its length: no two lists of filters read the same.
void append_event_filter(std::string& out, const std::optional<std::string>& value) {
  out += value ? std::to_string(value->size()) + ":" + *value : "-";
}

}  // namespace

EventQuery EventQuery::parse(std::string_view text) {
  QueryParameters parameters(text);
  EventQuery query;
  query.kind = parameters.take_choice("kind", "event, record");
  query.detail_type = parameters.take("detail-type");
  query.event_name = parameters.take("eventName");
  query.source = parameters.take("source");
  query.account = parameters.take("account");
  query.region = parameters.take("region");
  query.request_id = parameters.take("requestId");
  query.since = parameters.take_time("since");
  const auto after = parameters.take_number("after", 0, std::numeric_limits<std::int64_t>::max());
  if (after) query.after = static_cast<std::int64_t>(*after);
  const auto limit = parameters.take_number("limit", 1, kMostEventsAtOnce);
  query.limit = limit.value_or(query.limit);
  query.next_token = parameters.take("nextToken");
  query.follow = parameters.take_flag("follow");
  parameters.finish();
  if (query.follow && query.next_token) throw QueryError("nextToken", "a live stream has no pages");
  if (query.follow && limit) throw QueryError("limit", "a live stream has no end");
  for (const auto& filter : {query.kind, query.detail_type, query.event_name, query.source,
                             query.account, query.region, query.request_id}) {
    append_event_filter(query.filters, filter);
  }
  if (query.since) query.filters += "s" + std::to_string(query.since->time_since_epoch().count());
  if (query.after) query.filters += "a" + std::to_string(*query.after);
  return query;
}

bool EventQuery::wants(const storage::EventRow& row) const {
  const bool is_event = row.kind == storage::EventKind::kEvent;
  return (!kind || *kind == storage::to_column(row.kind)) &&
         (!detail_type || (is_event && row.type == *detail_type)) &&
         (!event_name || (!is_event && row.type == *event_name)) &&
         (!source || row.source == *source) && (!account || row.account == *account) &&
         (!region || row.region == *region) && (!request_id || row.request_id == *request_id) &&
         (!since || row.time >= *since);
}

}  // namespace ecr::api::admin
