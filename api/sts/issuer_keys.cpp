#include "api/sts/issuer_keys.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api::sts {
namespace {

using std::chrono::seconds;

constexpr seconds kKeep{3600};
// How soon keys are asked for again that did not come, or did not hold the key that is wanted.
constexpr seconds kRetryFailure{5};
constexpr seconds kRetryUnknownKey{30};

std::string without_slash(std::string text) {
  if (text.ends_with('/')) text.pop_back();
  return text;
}

// jwks_uri of the issuer's own description of itself. nullopt: it is none.
std::optional<std::string> key_url(const std::string& document, const std::string& issuer) {
  const auto json = base::parse_json(document, {.max_depth = 16, .max_bytes = 1u << 20});
  if (!json || !json->is_object()) return std::nullopt;
  // "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix."
  if (without_slash(base::text_member(*json, "issuer")) != without_slash(issuer))
    return std::nullopt;
  std::string url = base::text_member(*json, "jwks_uri");
  if (!url.starts_with("https://")) return std::nullopt;
  return url;
}

}  // namespace

void IssuerKeys::set(const std::string& issuer, auth::JsonWebKeySet keys) {
  given_[without_slash(issuer)] = std::make_shared<const auth::JsonWebKeySet>(std::move(keys));
}

bool IssuerKeys::is_good(const Entry& entry, const std::optional<std::string>& key_id) const {
  const auto age = clock_.now() - entry.fetched;
  if (age < seconds(0)) return false;  // the machine's clock was set back
  if (!entry.result) return age < kRetryFailure;
  const bool known = !key_id || (*entry.result)->has_key(*key_id);
  return age < (known ? kKeep : kRetryUnknownKey);
}

tl::expected<IssuerKeys::KeySet, IssuerKeys::Failure> IssuerKeys::keys_of(
    const std::string& given_issuer, const std::optional<std::string>& key_id) {
  const std::string issuer = without_slash(given_issuer);
  if (const auto given = given_.find(issuer); given != given_.end()) return given->second;
  if (transport_ == nullptr) return tl::unexpected(Failure::kUnreachable);
  std::unique_lock lock(mutex_);
  const Entry* const known = entries_.find(issuer);
  if (known != nullptr && is_good(*known, key_id)) return known->result;
  // Anybody may send a token, without credentials: what waits is bounded (IssuerKeysTest.
  // CallersThatWaitAreBounded).
  if (waiting_ >= kMostWaiting) return tl::unexpected(Failure::kUnreachable);
  ++waiting_;
  Result result = fetch_once(lock, issuer);
  --waiting_;
  return result;
}

// What one thread fetches is good for all that wait for it. Throws nothing, so that no thread waits
// for ever.
IssuerKeys::Result IssuerKeys::fetch_once(std::unique_lock<std::mutex>& lock,
                                          const std::string& issuer) {
  auto& under_way = fetches_[issuer];
  if (under_way) {
    const auto fetch = under_way;
    fetched_.wait(lock, [&] { return fetch->result.has_value(); });
    return *fetch->result;
  }
  const auto fetch = under_way = std::make_shared<Fetch>();
  lock.unlock();
  Result result = tl::unexpected(Failure::kUnreachable);
  try {
    result = fetch_keys(issuer);
  } catch (const std::exception&) {
  }
  lock.lock();
  fetch->result = result;
  fetches_.erase(issuer);
  entries_.put(issuer, Entry{result, clock_.now()});
  fetched_.notify_all();
  return result;
}

// The body of a 200. A redirect is no answer: following one would let a document come from a server
// that the issuer's URL does not name.
std::optional<std::string> IssuerKeys::get(const std::string& url) {
  const auto parsed = base::parse_url(url);
  if (!parsed || !parsed->tls) return std::nullopt;
  ExchangeRequest request{*parsed, {{"Accept", "application/json"}}};
  request.private_allowed =
      std::any_of(options_.private_servers.begin(), options_.private_servers.end(),
                  [&](const base::Url& named) { return parsed->same_server(named); });
  request.most_bytes = kMostBytes;
  request.total = kFetchTime;
  request.stop = options_.stop;
  try {
    ExchangeAnswer answer = fetch(*transport_, request);
    if (answer.head.status == 200) return std::move(answer.body);
  } catch (const TransportError&) {
  }
  return std::nullopt;
}

IssuerKeys::Result IssuerKeys::fetch_keys(const std::string& issuer) {
  const auto description = get(issuer + "/.well-known/openid-configuration");
  if (!description) return tl::unexpected(Failure::kUnreachable);
  const auto url = key_url(*description, issuer);
  if (!url) return tl::unexpected(Failure::kNoKeys);
  const auto document = get(*url);
  if (!document) return tl::unexpected(Failure::kUnreachable);
  auto keys = auth::JsonWebKeySet::parse(*document);
  if (!keys || keys->size() == 0) return tl::unexpected(Failure::kNoKeys);
  return std::make_shared<const auth::JsonWebKeySet>(std::move(*keys));
}

}  // namespace ecr::api::sts
