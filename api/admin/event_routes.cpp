#include "api/admin/event_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/listing.h"
#include "api/core/background/event_log.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/events.h"

namespace ecr::api::admin {
namespace {

using storage::EventRow;
using storage::sql::Access;

constexpr std::int64_t kRowsAtOnce = 256;
// A poll runs on an io thread, which must not be blocked: it reads a few recent rows only, which
// SQLite has in memory.
constexpr std::int64_t kRowsPerPoll = 50;
constexpr std::int64_t kGreatestRow = std::numeric_limits<std::int64_t>::max();

struct EventQuery : ListingQuery {
  std::optional<std::string> kind;
  std::optional<std::string> detail_type;
  std::optional<std::string> event_name;
  std::optional<std::string> source;
  std::optional<std::string> account;
  std::optional<std::string> region;
  std::optional<std::string> request_id;

  static EventQuery parse(std::string_view text);
  // Checks all filters but `after`.
  bool matches(const EventRow& row) const;
  std::int64_t after_row() const { return static_cast<std::int64_t>(after.value_or(0)); }
};

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
  take_range(parameters, kGreatestRow, query);
  finish_listing(parameters, "events",
                 {query.kind, query.detail_type, query.event_name, query.source, query.account,
                  query.region, query.request_id},
                 query);
  return query;
}

// detail-type is a property of events and eventName one of records: each of the two filters
// excludes all rows of the other kind.
bool EventQuery::matches(const EventRow& row) const {
  const bool is_event = row.kind == storage::EventKind::kEvent;
  return (!kind || *kind == storage::to_column(row.kind)) &&
         (!detail_type || (is_event && row.type == *detail_type)) &&
         (!event_name || (!is_event && row.type == *event_name)) &&
         (!source || row.source == *source) && (!account || row.account == *account) &&
         (!region || row.region == *region) && (!request_id || row.request_id == *request_id) &&
         (!since || row.time >= *since);
}

// The row's body is JSON already and is not parsed again.
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
        after_(query_.after ? query_.after_row() : services.events.newest()),
        following_(query_.kind == "event" ? nullptr : services.events.follow()) {}

  std::string poll() override {
    if (services_.events.newest() <= after_) return {};
    storage::sql::Txn txn = services_.store.database().begin(Access::kRead);
    std::string events;
    for (const EventRow& row : storage::events_after(txn, after_, kRowsPerPoll)) {
      after_ = row.sequence;
      if (!query_.matches(row)) continue;
      events += stream_entry(static_cast<std::uint64_t>(row.sequence), entry_json(row));
    }
    return events;
  }

 private:
  const Services& services_;
  const EventQuery query_;
  std::int64_t after_;
  // While it is held, the event log stores records soon after their calls. Null: the client wants
  // events only.
  const std::shared_ptr<const void> following_;
};

// The rows below `before`, newest first: at most one more than the page shows.
// Filters are applied here and not by SQL, so that the stream and the listing use the same code.
// Rows are read in batches until the page is full.
std::vector<EventRow> read_page(const Services& services, const EventQuery& query,
                                std::int64_t before) {
  std::vector<EventRow> page;
  storage::sql::Txn txn = services.store.database().begin(Access::kRead);
  for (;;) {
    auto rows = storage::events_before(txn, before, query.after_row(), kRowsAtOnce);
    if (rows.empty()) return page;
    before = rows.back().sequence;
    for (EventRow& row : rows) {
      if (!query.matches(row)) continue;
      page.push_back(std::move(row));
      if (page.size() > query.limit) return page;
    }
  }
}

}  // namespace

HttpResponse answer_events(const Services& services, const HttpRequest& request) {
  EventQuery query = EventQuery::parse(request.query());
  // Records of calls are written in batches; those that wait are written first, so that the client
  // finds every call whose answer it has.
  services.events.flush();
  if (query.follow) return live_stream(std::make_shared<EventStream>(services, std::move(query)));
  const auto position = page_position(services, query);
  auto page =
      read_page(services, query, position ? static_cast<std::int64_t>(*position) : kGreatestRow);
  std::optional<std::string> next;
  if (page.size() > query.limit) {
    page.pop_back();
    next = next_page_token(services, query, static_cast<std::uint64_t>(page.back().sequence));
  }
  std::string body = R"({"events":[)";
  for (const EventRow& row : page) {
    if (body.back() != '[') body += ',';
    body += entry_json(row);
  }
  body += next ? base::format(R"(],"nextToken":"{}"}}{})", *next, "\n") : "]}\n";
  return text_response(200, "application/json", std::move(body));
}

}  // namespace ecr::api::admin
