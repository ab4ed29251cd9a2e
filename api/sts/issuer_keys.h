// The keys that issuers of web identity tokens sign with: given by the operator, or fetched from
// the issuer and kept for a while. Source: OpenID Connect Discovery 1.0, section 4.
// Thread-safe; keys_of() may block for as long as two fetches.
//
// An issuer is whatever URL an API caller registered, and its description names the URL of its
// keys: both are asked at public addresses alone, except servers that the operator named.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "api/core/wire/transport.h"
#include "auth/jwt.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"
#include "schemas/base/url.h"

namespace ecr::api::sts {

class IssuerKeys {
 public:
  enum class Failure {
    kUnreachable,  // no answer
    kNoKeys        // an answer that holds no keys of the issuer
  };
  using KeySet = std::shared_ptr<const auth::JsonWebKeySet>;

  // How many callers wait for issuers at once, over all issuers: each waits on a thread, and pulls
  // through caches need those threads too. SDKs try a caller again that was one too many.
  static constexpr std::size_t kMostWaiting = 16;
  // Of one document, and for one.
  static constexpr std::size_t kMostBytes = 256u << 10;
  static constexpr std::chrono::milliseconds kFetchTime{5'000};

  struct Options {
    // Servers (scheme, host and port) that may have an address that is not public.
    std::vector<base::Url> private_servers = {};
    std::stop_token stop = {};  // ends fetches
  };
  // `clock`: the machine's. `transport` null: nothing is fetched. Both outlive this object.
  IssuerKeys(const base::Clock& clock, Transport* transport, Options options)
      : clock_(clock), transport_(transport), options_(std::move(options)) {}
  IssuerKeys(const base::Clock& clock, Transport* transport)
      : IssuerKeys(clock, transport, Options{}) {}

  // The keys of `issuer` (with its scheme) are these, and nothing is fetched for it. Before the
  // first keys_of().
  void set(const std::string& issuer, auth::JsonWebKeySet keys);

  // `key_id`: the key that is wanted. Where it is not among the keys that are kept, they are
  // fetched anew, at most once in half a minute. REQUIRES: the issuer is one that somebody here
  // trusts: its server is about to be asked.
  tl::expected<KeySet, Failure> keys_of(const std::string& issuer,
                                        const std::optional<std::string>& key_id);

 private:
  using Result = tl::expected<KeySet, Failure>;
  struct Entry {
    Result result;
    base::TimePoint fetched;
  };
  struct Fetch {
    std::optional<Result> result;
  };
  std::optional<std::string> get(const std::string& url);
  Result fetch_keys(const std::string& issuer);
  Result fetch_once(std::unique_lock<std::mutex>& lock, const std::string& issuer);
  bool is_good(const Entry& entry, const std::optional<std::string>& key_id) const;

  const base::Clock& clock_;
  Transport* const transport_;
  const Options options_;
  std::map<std::string, KeySet> given_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  static constexpr std::size_t kMostIssuers = 256;
  // Under mutex_. What is being fetched is in no memo, which could drop it: an issuer is never
  // asked twice at once.
  std::map<std::string, std::shared_ptr<Fetch>> fetches_;
  std::size_t waiting_ = 0;
  base::BoundedMemo<std::string, Entry> entries_{kMostIssuers};
};

}  // namespace ecr::api::sts
