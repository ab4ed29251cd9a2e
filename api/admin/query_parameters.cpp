#include "api/admin/query_parameters.h"

#include <charconv>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {

QueryParameters::QueryParameters(std::string_view query) {
  // A '+' stays one: that of an offset in a time is mostly sent as it is.
  const auto pairs = base::parse_form(query, false);
  if (!pairs) throw QueryError("query", "has a bad percent escape");
  for (const auto& [name, value] : *pairs) {
    if (name.empty() && value.empty()) continue;
    if (!values_.emplace(name, value).second) throw QueryError(name, "is given twice");
  }
}

std::optional<std::string> QueryParameters::take(const std::string& name) {
  auto node = values_.extract(name);
  if (node.empty()) return std::nullopt;
  if (node.mapped().empty()) throw QueryError(name, "must not be empty");
  return std::move(node.mapped());
}

std::optional<std::string> QueryParameters::take_choice(const std::string& name,
                                                        std::string_view choices) {
  auto value = take(name);
  if (!value) return value;
  for (std::string_view rest = choices;;) {
    const std::size_t end = rest.find(", ");
    if (rest.substr(0, end) == *value) return value;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  throw QueryError(name, base::format("must be one of {}", choices));
}

bool QueryParameters::take_flag(const std::string& name) {
  return take_choice(name, "true, false").value_or("false") == "true";
}

std::optional<std::uint64_t> QueryParameters::take_number(const std::string& name,
                                                          std::uint64_t least, std::uint64_t most) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number < least || number > most) {
    throw QueryError(name, base::format("must be a number from {} to {}", least, most));
  }
  return number;
}

std::optional<base::TimePoint> QueryParameters::take_time(const std::string& name) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  const auto time = base::parse_iso8601(*text);
  if (!time) throw QueryError(name, "must be an ISO 8601 time, as 2026-01-31T12:00:00Z");
  return time;
}

void QueryParameters::finish() const {
  if (!values_.empty()) throw QueryError(values_.begin()->first, "is not known here");
}

Page requested_page(const PageKey& key, const std::string& listing, std::size_t limit,
                    const std::optional<std::string>& token) {
  Page page(key, listing, static_cast<std::int64_t>(limit));
  if (token && !page.resume(*token)) throw QueryError("nextToken", "is not of this listing");
  return page;
}

}  // namespace ecr::api::admin
