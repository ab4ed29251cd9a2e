#include "api/admin/listing.h"

#include "api/core/wire/page_token.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

constexpr std::uint64_t kMostEntriesAtOnce = 1000;

// Each value stands with its length, so that no two lists of filters result in the same text.
void append_filter(std::string& listing, const std::optional<std::string>& value) {
  listing += value ? std::to_string(value->size()) + ":" + *value : "-";
}

}  // namespace

void take_range(QueryParameters& parameters, std::uint64_t greatest_sequence, ListingQuery& query) {
  // The order of these calls decides which of several bad parameters the error names.
  query.since = parameters.take_time("since");
  query.after = parameters.take_number("after", 0, greatest_sequence);
  const auto limit = parameters.take_number("limit", 1, kMostEntriesAtOnce);
  query.limit_given = limit.has_value();
  query.limit = limit.value_or(query.limit);
  query.next_token = parameters.take("nextToken");
  query.follow = parameters.take_flag("follow");
}

void finish_listing(const QueryParameters& parameters, std::string_view name,
                    std::initializer_list<std::optional<std::string>> filters,
                    ListingQuery& query) {
  parameters.finish();
  if (query.follow && query.next_token) {
    throw ParameterError("nextToken", "a live stream has no pages");
  }
  if (query.follow && query.limit_given) throw ParameterError("limit", "a live stream has no end");
  query.listing = std::string(name) + "\n";
  for (const auto& filter : filters) append_filter(query.listing, filter);
  if (query.since) query.listing += "s" + std::to_string(query.since->time_since_epoch().count());
  if (query.after) query.listing += "a" + std::to_string(*query.after);
}

std::optional<std::uint64_t> page_position(const Services& services, const ListingQuery& query) {
  if (!query.next_token) return std::nullopt;
  const auto position = read_page_token(services.store.key(), query.listing, *query.next_token);
  if (!position || position->size() != 1) {
    throw ParameterError("nextToken", "is not of this listing");
  }
  // It is a number, because this server wrote it: a page token is authenticated by a MAC.
  return std::stoull(position->front());
}

std::string next_page_token(const Services& services, const ListingQuery& query,
                            std::uint64_t sequence) {
  return make_page_token(services.store.key(), query.listing, {std::to_string(sequence)});
}

std::string stream_entry(std::uint64_t sequence, std::string_view json) {
  return base::format("id: {}\ndata: {}\n\n", sequence, json);
}

// "no-store" keeps proxies from collecting a response that never ends.
HttpResponse live_stream(std::shared_ptr<BodySource> source) {
  HttpResponse response;
  response.set("Content-Type", "text/event-stream");
  response.set("Cache-Control", "no-store");
  response.body = std::move(source);
  return response;
}

}  // namespace ecr::api::admin
