#include "api/registry/pages.h"

#include <algorithm>
#include <charconv>

#include "api/core/wire/page_token.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::registry {
namespace {

constexpr std::int64_t kMaxPage = 1000;
// What ECR answers when it is not asked for a number.
constexpr std::int64_t kStrictPage = 100;

ApiError bad_query(std::string message) { return {ErrorCode::kBadQuery, std::move(message)}; }

// As many as are asked for, never more than a page.
std::int64_t read_size(const Session& session) {
  const bool strict = session.services.settings.strict_ecr;
  const auto text = query_value(session.request.query(), "n");
  if (!text) return strict ? kStrictPage : kMaxPage;
  std::int64_t wanted = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), wanted);
  if (end != text->data() + text->size() || text->empty() || text->starts_with('-') ||
      error == std::errc::invalid_argument) {
    throw bad_query("The parameter n must be a number");
  }
  const bool large = error != std::errc() || wanted > kMaxPage;
  if (large && strict) {
    throw bad_query(ApiError::invalid_parameter("maxResults",
                                                "Member must have value less than or equal to 1000")
                        .message());
  }
  return large ? kMaxPage : wanted;
}

// ECR's `last` is opaque.
std::string read_token(const Session& session, std::string_view listing, std::string_view token) {
  const auto position = read_page_token(session.services.store.key(), listing, token);
  if (!position || position->size() != 1) {
    throw bad_query(ApiError::invalid_parameter("nextToken", "Invalid token").message());
  }
  return position->front();
}

std::string scheme_and_host(const HttpRequest& request) {
  return base::format("{}://{}", request.secure ? "https" : "http", request.host());
}

// A token of one registry does not fit another.
std::string bound(const Session& session, std::string_view listing) {
  return base::format("{}\n{}\n{}", listing, session.credentials.account,
                      session.credentials.region);
}

}  // namespace

Page read_page(const Session& session, std::string_view listing) {
  Page page{read_size(session), query_value(session.request.query(), "last").value_or("")};
  if (session.services.settings.strict_ecr && !page.last.empty()) {
    page.last = read_token(session, bound(session, listing), page.last);
  }
  return page;
}

void set_next(HttpResponse& response, const Session& session, std::string_view listing,
              const Page& page, std::string_view last, std::string_view more) {
  const bool strict = session.services.settings.strict_ecr;
  const std::string position = strict
                                   ? make_page_token(session.services.store.key(),
                                                     bound(session, listing), {std::string(last)})
                                   : std::string(last);
  const std::string base = strict ? scheme_and_host(session.request) : std::string();
  response.set("Link",
               base::format("<{}{}?last={}&n={}{}>; rel=\"next\"", base, session.request.path(),
                            base::percent_encode(position), page.size, more));
}

}  // namespace ecr::api::registry
