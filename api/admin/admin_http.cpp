#include "api/admin/admin_http.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "api/core/wire/error_response.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {

QueryParameters::QueryParameters(std::string_view query) {
  // A '+' is not decoded as a blank, unlike in an HTML form: people write the offset of a time
  // ("since=2026-01-31T12:00:00+01:00") without escaping it.
  const auto pairs = base::parse_form(query, false);
  if (!pairs) throw ParameterError("query", "has a bad percent escape");
  for (const auto& [name, value] : *pairs) {
    if (name.empty() && value.empty())
      continue;  // "a=1&&b=2"
                 // Which of two values applies would be a guess.
    if (!values_.emplace(name, value).second) throw ParameterError(name, "is given twice");
  }
}

std::optional<std::string> QueryParameters::take(const std::string& name) {
  known_.push_back(name);
  auto node = values_.extract(name);
  if (node.empty()) return std::nullopt;
  if (node.mapped().empty()) throw ParameterError(name, "must not be empty");
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
  throw ParameterError(name, base::format("must be one of {}", choices));
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
    throw ParameterError(name, base::format("must be a number from {} to {}", least, most));
  }
  return number;
}

std::optional<base::TimePoint> QueryParameters::take_time(const std::string& name) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  const auto time = base::parse_iso8601(*text);
  if (!time) throw ParameterError(name, "must be an ISO 8601 time, as 2026-01-31T12:00:00Z");
  return time;
}

void QueryParameters::finish() const {
  if (values_.empty()) return;
  const std::string& name = values_.begin()->first;
  throw ParameterError(name, "is not known here" + base::did_you_mean(name, known_));
}

HttpResponse json_response(int status, const base::Json& json) {
  return text_response(status, "application/json", base::dump(json) + "\n");
}

HttpResponse json_response(int status, const base::OrderedJson& json) {
  return text_response(status, "application/json", base::dump(json) + "\n");
}

HttpResponse error_response(int status, std::string_view message) {
  const EncodedError error{.status = status, .message = std::string(message)};
  return api::error_response(error, ErrorForm::kOwn, HttpRequest());
}

}  // namespace ecr::api::admin
