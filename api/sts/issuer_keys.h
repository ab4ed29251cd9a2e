// The keys that issuers of web identity tokens sign with: given by the operator, or fetched from
// the issuer and kept for a while. Source: OpenID Connect Discovery 1.0, section 4.
// Thread-safe; keys_of() may block for as long as two fetches.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "api/core/wire/http.h"
#include "auth/jwt.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"

namespace ecr::api::sts {

class IssuerKeys {
 public:
  enum class Failure {
    kUnreachable,  // no answer
    kNoKeys        // an answer that holds no keys of the issuer
  };
  using KeySet = std::shared_ptr<const auth::JsonWebKeySet>;

  // `clock`: the machine's. `fetcher` null: nothing is fetched. Both outlive this object.
  IssuerKeys(const base::Clock& clock, HttpsFetcher* fetcher) : clock_(clock), fetcher_(fetcher) {}

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
    std::optional<Result> result;
    base::TimePoint fetched;
    bool fetching = false;
  };
  Result fetch(const std::string& issuer);
  bool is_good(const Entry& entry, const std::optional<std::string>& key_id) const;

  const base::Clock& clock_;
  HttpsFetcher* const fetcher_;
  std::map<std::string, KeySet> given_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  // Under mutex_. Shared: a thread that fetches or waits keeps its entry when the memo drops it.
  static constexpr std::size_t kMostIssuers = 256;
  base::BoundedMemo<std::string, std::shared_ptr<Entry>> entries_{kMostIssuers};
};

}  // namespace ecr::api::sts
