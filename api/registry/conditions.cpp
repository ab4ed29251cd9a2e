#include "api/registry/conditions.h"

#include <algorithm>

#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"

namespace ecr::api::registry {
namespace {

enum class Comparison { kStrong, kWeak };  // RFC 9110, section 8.8.3.2

void skip_separators(std::string_view& rest) {
  constexpr std::string_view kSeparators = " \t,";
  rest.remove_prefix(std::min(rest.find_first_not_of(kSeparators), rest.size()));
}

// Takes the next entity tag off the list. One without quotes, which older registries accept too,
// counts as if it had them. A quote that is not closed takes the rest.
std::string_view next_entity_tag(std::string_view& rest, bool& weak) {
  weak = rest.starts_with("W/");
  if (weak) rest.remove_prefix(2);
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find_first_of(quoted ? "\"" : ", \t"), rest.size());
  const std::string_view tag = rest.substr(0, end);
  rest.remove_prefix(std::min(end + (quoted ? 1 : 0), rest.size()));
  return tag;
}

// Whether the list "*" or "\"a\", W/\"b\"" has the digest. null: there is no such thing,
// which no list has.
bool list_has(std::string_view list, const model::Digest* digest, Comparison comparison) {
  if (digest == nullptr) return false;
  for (skip_separators(list); !list.empty(); skip_separators(list)) {
    bool weak = false;
    const std::string_view tag = next_entity_tag(list, weak);
    if (tag == "*") return true;
    if (tag == digest->text() && !(weak && comparison == Comparison::kStrong)) return true;
  }
  return false;
}

// A list may be spread over several fields of the name (RFC 9110, section 5.3). nullopt: there is
// no field of that name.
std::optional<bool> header_has(const HttpRequest& request, std::string_view name,
                               const model::Digest* digest, Comparison comparison) {
  std::optional<bool> has;
  for (const auto& [field, value] : request.headers.fields()) {
    if (!base::equals_ignore_case(field, name)) continue;
    has = has.value_or(false) || list_has(value, digest, comparison);
  }
  return has;
}

void require_match(const HttpRequest& request, const model::Digest* digest) {
  if (header_has(request, "if-match", digest, Comparison::kStrong).value_or(true)) return;
  throw ApiError(ErrorCode::kPreconditionFailed, "The condition If-Match is not met");
}

bool is_known(const HttpRequest& request, const model::Digest* digest) {
  return header_has(request, "if-none-match", digest, Comparison::kWeak).value_or(false);
}

}  // namespace

std::string entity_tag(const model::Digest& digest) {
  std::string tag;
  tag.reserve(digest.text().size() + 2);
  return tag.append(1, '"').append(digest.text()).append(1, '"');
}

// The order is that of section 13.2.2: If-Match comes first.
std::optional<HttpResponse> answer_conditions(const HttpRequest& request,
                                              const model::Digest& digest) {
  require_match(request, &digest);
  if (!is_known(request, &digest)) return std::nullopt;
  HttpResponse response;
  response.status = 304;
  response.set("ETag", entity_tag(digest));
  return response;
}

void require_conditions(const HttpRequest& request, const std::optional<model::Digest>& now) {
  const model::Digest* const digest = now ? &*now : nullptr;
  require_match(request, digest);
  if (is_known(request, digest)) {
    throw ApiError(ErrorCode::kPreconditionFailed, "The condition If-None-Match is not met");
  }
}

// If-Range has one strong entity tag, or a time, which nothing here has been modified at (section
// 13.1.5).
bool range_counts(const HttpRequest& request, const model::Digest& digest) {
  const auto condition = request.headers.find("if-range");
  return !condition || *condition == entity_tag(digest);
}

}  // namespace ecr::api::registry
