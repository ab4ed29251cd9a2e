#include "api/core/wire/page_token.h"

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

// Half of an HMAC-SHA-256 keeps tokens short, which stand in URLs; 128 bits cannot be guessed.
constexpr std::size_t kMacSize = 16;

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
                            const std::vector<std::string>& position) {
  const std::string payload = base::dump(nlohmann::json(position));
  return base::base64url_encode(mac_of(key, listing, payload) + payload);
}

std::optional<std::vector<std::string>> read_page_token(const PageKey& key,
                                                        std::string_view listing,
                                                        std::string_view token) {
  if (token.size() > 8192) return std::nullopt;  // no position is that long: nothing is decoded
  // The MAC comes first: the payload of a forged token is never parsed.
  const auto bytes = base::base64url_decode(token);
  if (!bytes || bytes->size() < kMacSize) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(kMacSize);
  if (!model::constant_time_equal(std::string_view(*bytes).substr(0, kMacSize),
                                  mac_of(key, listing, payload))) {
    return std::nullopt;
  }
  const auto json = base::parse_json(payload);
  if (!json || !json->is_array()) return std::nullopt;
  return json->get<std::vector<std::string>>();
}

}  // namespace ecr::api
