#include "api/admin/event_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/event_query.h"
#include "api/admin/live_stream.h"
#include "api/admin/query_parameters.h"
#include "api/core/work/event_log.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using storage::EventRow;
using storage::sql::Access;

constexpr std::int64_t kRowsAtOnce = 256;
// A poll runs on an io thread: a few rows that are in memory, no more.
constexpr std::int64_t kRowsPerPoll = 50;

// The body is JSON already.
std::string entry_json(const EventRow& row) {
  return base::format(R"({{"sequence":{},"kind":"{}","requestId":{},"event":{}}})", row.sequence,
                      storage::to_column(row.kind), base::dump(base::Json(row.request_id)),
                      row.body);
}

class EventStream : public BodySource {
 public:
  EventStream(const Services& services, EventQuery query)
      : services_(services),
        query_(std::move(query)),
        after_(query_.after.value_or(services.events.newest())),
        following_(query_.kind == "event" ? nullptr : services.events.follow()) {}

  std::string poll() override {
    if (services_.events.newest() <= after_) return {};
    storage::sql::Txn txn = services_.store.database().begin(Access::kRead);
    std::string events;
    for (const EventRow& row : storage::events_after(txn, after_, kRowsPerPoll)) {
      after_ = row.sequence;
      if (!query_.wants(row)) continue;
      events += stream_entry(static_cast<std::uint64_t>(row.sequence), entry_json(row));
    }
    return events;
  }

 private:
  const Services& services_;
  const EventQuery query_;
  std::int64_t after_;
  const std::shared_ptr<const void> following_;  // null: no record is wanted
};

// Newest first, before the page's position: at most one more than the page.
std::vector<EventRow> read_events(const Services& services, const EventQuery& query,
                                  const Page& page) {
  std::vector<EventRow> events;
  std::int64_t before = page.after_number(std::numeric_limits<std::int64_t>::max());
  storage::sql::Txn txn = services.store.database().begin(Access::kRead);
  for (;;) {
    auto rows = storage::events_before(txn, before, query.after.value_or(0), kRowsAtOnce);
    if (rows.empty()) return events;
    before = rows.back().sequence;
    for (EventRow& row : rows) {
      if (!query.wants(row)) continue;
      events.push_back(std::move(row));
      if (events.size() > query.limit) return events;
    }
  }
}

}  // namespace

HttpResponse answer_events(const Services& services, const HttpRequest& request) {
  EventQuery query = EventQuery::parse(request.query());
  query.filters = "events\n" + query.filters;
  services.events.flush();
  if (query.follow) return live_stream(std::make_shared<EventStream>(services, std::move(query)));
  const Page page =
      requested_page(services.store.key(), query.filters, query.limit, query.next_token);
  auto events = read_events(services, query, page);
  const auto next = page.cut(events, [](const EventRow& row) { return row.sequence; });
  std::string body = R"({"events":[)";
  for (const EventRow& row : events) {
    if (body.back() != '[') body += ',';
    body += entry_json(row);
  }
  body += next ? base::format(R"(],"nextToken":"{}"}}{})", *next, "\n") : "]}\n";
  return text_response(200, "application/json", std::move(body));
}

}  // namespace ecr::api::admin
