// The only parser of untrusted JSON, against the library's own.
#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::base;
using ecr::fuzz::require;

template <typename Document>
void check_round_trip(const Document& json,
                      tl::expected<Document, JsonError> (*parse)(std::string_view,
                                                                 const JsonLimits&)) {
  const std::string text = dump(json);
  require(is_valid_utf8(text), "what is written is UTF-8");
  const auto again = parse(text, JsonLimits{});
  require(again.has_value(), "what is written can be read");
  require(*again == json, "and is the same");
  require(dump(*again) == text, "and is written the same");
}

void check_error(const JsonError& error, std::string_view text) {
  require(error.offset <= text.size(), "a fault is within the text");
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  require(error.line >= 1 && error.line <= lines + 1, "its line is, too");
  require(!error.detail.empty() && is_valid_utf8(error.detail), "a fault is described");
}

}  // namespace

ECR_FUZZ_TARGET(json) {
  const std::string_view text = ecr::fuzz::as_text(data, size);
  const auto sorted = parse_json(text);
  const auto ordered = parse_ordered_json(text);
  require(sorted.has_value() == ordered.has_value(), "the order of keys decides nothing");
  if (sorted) {
    require(Json::accept(text), "what is accepted is JSON");
    check_round_trip<Json>(*sorted, &parse_json);
    check_round_trip<OrderedJson>(*ordered, &parse_ordered_json);
    require(parse_json(dump(*ordered)) == *sorted, "both hold the same");
    return 0;
  }
  check_error(sorted.error(), text);
  require(sorted.error().kind == ordered.error().kind &&
              sorted.error().offset == ordered.error().offset,
          "both find the same fault");
  if (sorted.error().kind == JsonError::Kind::kSyntax) {
    // The library takes a byte order mark, which RFC 8259, section 8.1, allows to refuse.
    require(text.starts_with("\xEF\xBB\xBF") || !Json::accept(text),
            "what is refused for its syntax is not JSON");
  }
  if (sorted.error().kind == JsonError::Kind::kDuplicateKey) {
    static_cast<void>(parse_json(text, {.refuse_duplicate_keys = false}));
  }
  return 0;
}
