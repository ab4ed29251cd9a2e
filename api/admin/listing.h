// Shared by the listings of decisions and of events: the parameters that select a page of
// them, the tokens of their pages, and the live stream of what comes next. Stateless.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/admin/admin_http.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// The parameters that both listings know. Entries have a sequence number that only grows; a page
// shows the newest entries first.
struct ListingQuery {
  std::optional<base::TimePoint> since;  // inclusive
  std::optional<std::uint64_t> after;    // sequence, exclusive
  std::size_t limit = 100;
  bool limit_given = false;
  std::optional<std::string> next_token;
  bool follow = false;
  // Names the listing with its filters: two queries have the same text if they differ only in what
  // selects a page. A page token is valid for this text alone.
  std::string listing;
};

// Takes since, after, limit, nextToken and follow. Throws ParameterError.
void take_range(QueryParameters& parameters, std::uint64_t greatest_sequence, ListingQuery& query);
// Call it once all parameters are taken: throws ParameterError on an unknown parameter, and on a
// limit or a page token for a live stream. Sets `listing`. `filters`: the values of all filters of
// the listing, always in the same order.
void finish_listing(const QueryParameters& parameters, std::string_view name,
                    std::initializer_list<std::optional<std::string>> filters, ListingQuery& query);

// The sequence that the page ends before; nullopt: the first page. Throws ParameterError.
std::optional<std::uint64_t> page_position(const Services& services, const ListingQuery& query);
// The nextToken of the page behind the entry of that sequence.
std::string next_page_token(const Services& services, const ListingQuery& query,
                            std::uint64_t sequence);

// One server-sent event (WHATWG HTML, "Server-sent events"): "id: <sequence>", "data: <json>", an
// empty line. REQUIRES: json is one line.
std::string stream_entry(std::uint64_t sequence, std::string_view json);
// The answer that sends what `source` returns from each poll, for as long as the client stays.
HttpResponse live_stream(std::shared_ptr<BodySource> source);

}  // namespace ecr::api::admin
