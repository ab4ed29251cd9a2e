#include <functional>
#include <mutex>
#include <string>

#include <openssl/crypto.h>

#include "auth/sigv4/canonical_request.h"
#include "auth/sigv4/sigv4.h"
#include "schemas/base/bounded_memo.h"

namespace ecr::auth {
namespace {

// The secret itself is in the key, not the access key id: if a key id gets another secret, for
// example after a reset, no old signing key can answer for it.
struct KeyView {
  std::string_view secret, date, region, service;
  friend bool operator==(const KeyView&, const KeyView&) = default;
};

// The stored form of a key. Its secret is wiped when the memo drops the entry.
struct KeyOwner {
  std::string secret, date, region, service;
  explicit KeyOwner(const KeyView& v)
      : secret(v.secret), date(v.date), region(v.region), service(v.service) {}
  KeyOwner(KeyOwner&&) = default;
  ~KeyOwner() { OPENSSL_cleanse(secret.data(), secret.size()); }
  KeyView view() const { return {secret, date, region, service}; }
};

// A look-up uses views, so that a hit allocates nothing. The secret that is compared here comes
// from the credential store, not from the request, so the time of the comparison tells a client
// nothing.
struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(const KeyView& key) const {
    std::size_t hash = 0;
    for (const std::string_view part : {key.secret, key.date, key.region, key.service}) {
      // The prime of FNV-1a: it mixes the hashes of the parts in their order.
      hash = hash * 1099511628211u + std::hash<std::string_view>{}(part);
    }
    return hash;
  }
  std::size_t operator()(const KeyOwner& key) const { return (*this)(key.view()); }
};
struct KeyEqual {
  using is_transparent = void;
  static KeyView view(const KeyView& key) { return key; }
  static KeyView view(const KeyOwner& key) { return key.view(); }
  bool operator()(const auto& a, const auto& b) const { return view(a) == view(b); }
};

// A signing key is as good as the secret for its day and scope: it is wiped as well.
struct Derived {
  model::Sha256 key;
  explicit Derived(const model::Sha256& k) : key(k) {}
  Derived(const Derived&) = default;
  ~Derived() { OPENSSL_cleanse(key.data(), key.size()); }
};

}  // namespace

// A signing key is good for one day of its scope. No request asks for the key of a past day any
// more, so the memo drops it in time and needs no expiry of its own.
struct SigningKeyMemo::Impl {
  explicit Impl(std::size_t capacity) : keys(capacity) {}

  // Not a shared mutex: also find() changes the memo (bounded_memo.h).
  std::mutex mutex;
  base::BoundedMemo<KeyOwner, Derived, KeyHash, KeyEqual> keys;  // under mutex
};

SigningKeyMemo::SigningKeyMemo(std::size_t capacity) : impl_(std::make_unique<Impl>(capacity)) {}
SigningKeyMemo::~SigningKeyMemo() = default;

model::Sha256 SigningKeyMemo::get(std::string_view secret, std::string_view date,
                                  std::string_view region, std::string_view service) {
  const KeyView key{secret, date, region, service};
  {
    const std::lock_guard lock(impl_->mutex);
    if (const Derived* const known = impl_->keys.find(key)) return known->key;
  }
  // The key is derived outside the lock, because four HMACs would stop every other request. Two
  // threads may derive the same key; the results are equal.
  const model::Sha256 derived = derive_signing_key(secret, date, region, service);
  const std::lock_guard lock(impl_->mutex);
  impl_->keys.put(key, Derived(derived));
  return derived;
}

}  // namespace ecr::auth
