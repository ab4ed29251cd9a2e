#include "api/sts/issuer_keys.h"

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
  if (!entry.result) return false;
  const auto age = clock_.now() - entry.fetched;
  if (age < seconds(0)) return false;  // the machine's clock was set back
  if (!*entry.result) return age < kRetryFailure;
  const bool known = !key_id || (**entry.result)->has_key(*key_id);
  return age < (known ? kKeep : kRetryUnknownKey);
}

tl::expected<IssuerKeys::KeySet, IssuerKeys::Failure> IssuerKeys::keys_of(
    const std::string& given_issuer, const std::optional<std::string>& key_id) {
  const std::string issuer = without_slash(given_issuer);
  if (const auto given = given_.find(issuer); given != given_.end()) return given->second;
  if (fetcher_ == nullptr) return tl::unexpected(Failure::kUnreachable);
  std::unique_lock lock(mutex_);
  const auto* const known = entries_.find(issuer);
  const std::shared_ptr<Entry> entry =
      known != nullptr ? *known : entries_.put(issuer, std::make_shared<Entry>());
  if (entry->fetching) {  // by another thread: what comes for it is good for this one
    fetched_.wait(lock, [&] { return !entry->fetching; });
    return *entry->result;
  }
  if (is_good(*entry, key_id)) return *entry->result;
  entry->fetching = true;
  lock.unlock();
  // Ends the fetch however it ends, so that no thread waits for ever.
  struct Settle {
    IssuerKeys& keys;
    Entry& entry;
    Result result = tl::unexpected(Failure::kUnreachable);
    ~Settle() {
      const std::lock_guard guard(keys.mutex_);
      entry.result = result;
      entry.fetched = keys.clock_.now();
      entry.fetching = false;
      keys.fetched_.notify_all();
    }
  } settle{*this, *entry};
  settle.result = fetch(issuer);
  return settle.result;
}

IssuerKeys::Result IssuerKeys::fetch(const std::string& issuer) {
  const auto description = fetcher_->get(issuer + "/.well-known/openid-configuration");
  if (!description) return tl::unexpected(Failure::kUnreachable);
  const auto url = key_url(*description, issuer);
  if (!url) return tl::unexpected(Failure::kNoKeys);
  const auto document = fetcher_->get(*url);
  if (!document) return tl::unexpected(Failure::kUnreachable);
  auto keys = auth::JsonWebKeySet::parse(*document);
  if (!keys || keys->size() == 0) return tl::unexpected(Failure::kNoKeys);
  return std::make_shared<const auth::JsonWebKeySet>(std::move(*keys));
}

}  // namespace ecr::api::sts
