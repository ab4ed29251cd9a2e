#include "api/core/wire/page_token.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

// A token is base64url(MAC + payload). The payload is the JSON list of the position's parts; the
// MAC covers the name of the listing too, which is not in the token.
// Half of an HMAC-SHA-256 keeps tokens short, which stand in URLs; 128 bits cannot be guessed.
constexpr std::size_t kMacSize = 16;
// Longer than any token made here: what is longer is not worth decoding.
constexpr std::size_t kMaxToken = 8192;

// "page" keeps these MACs apart from the signatures of layer URLs, which have the same key.
// `listing` is in the MAC and not in the token: a token of another listing, or of another caller,
// does not verify.
std::string mac_of(const PageKey& key, std::string_view listing, std::string_view payload) {
  std::string message = "page\n";
  message += listing;
  message += '\n';
  message += payload;
  const model::Sha256 mac = model::hmac_sha256(key, message);
  return std::string(reinterpret_cast<const char*>(mac.data()), kMacSize);
}

}  // namespace

std::string make_page_token(const PageKey& key, std::string_view listing,
                            const PagePosition& position) {
  const std::string payload = base::dump(nlohmann::json(position));
  return base::base64url_encode(mac_of(key, listing, payload) + payload);
}

std::optional<PagePosition> read_page_token(const PageKey& key, std::string_view listing,
                                            std::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto bytes = base::base64url_decode(token);
  if (!bytes || bytes->size() < kMacSize) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(kMacSize);
  if (!model::constant_time_equal(std::string_view(*bytes).substr(0, kMacSize),
                                  mac_of(key, listing, payload))) {
    return std::nullopt;
  }
  const auto json = base::parse_json(payload);
  if (!json || !json->is_array()) return std::nullopt;
  return json->get<PagePosition>();
}

bool Page::resume(std::string_view token) {
  auto position = read_page_token(*key_, listing_, token);
  if (!position || position->empty()) return false;
  after_ = std::move(*position);
  return true;
}

std::string Page::after(std::size_t part) const {
  return part < after_.size() ? after_[part] : std::string();
}

std::int64_t Page::after_number(std::int64_t first) const {
  // The number was written by token_after(): the token is authenticated.
  std::int64_t number = first;
  const std::string text = after();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Page::Slice Page::slice(std::size_t total) const {
  // The listing may have become shorter than the position since the token was made.
  const std::size_t begin = std::min(total, static_cast<std::size_t>(after_number()));
  return {begin, std::min(total, begin + static_cast<std::size_t>(size_))};
}

std::string Page::token_after(const PagePosition& position) const {
  return make_page_token(*key_, listing_, position);
}

std::string Page::token_after(std::string position) const {
  return token_after(PagePosition{std::move(position)});
}

std::string Page::token_after(std::int64_t position) const {
  return token_after(std::to_string(position));
}

}  // namespace ecr::api
