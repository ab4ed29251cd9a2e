// The client side of the OCI distribution specification: manifests and blobs of an upstream, with
// Basic and Bearer-token authentication. What it trusts, and with what:
//
// - Credentials go to the upstream's own host and port, and to a token realm on its host or, of
//   the registries that have theirs elsewhere, on the host known for it (docs: COMPATIBILITY.md).
//   No redirect takes them anywhere else.
// - Redirects are followed, five at most, from https:// to https:// only. Each hop is checked anew:
//   addresses that are not public are reached on an upstream's own host and port where the operator
//   named that (Upstream::mapped), and nowhere else.
// - What comes is hashed before it is believed.
//
// Thread-safe; blocks. Everything throws UpstreamError.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "api/pull_through/secrets.h"
#include "api/pull_through/transport.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"
#include "schemas/model/digest.h"

namespace ecr::api::pull_through {

struct Challenge;

struct Upstream {
  Url base;             // its target is what comes before "/v2/": "/" or "/prefix/"
  bool mapped = false;  // by the operator: its address may be private
  std::optional<Secret> secret = {};
};

struct UpstreamManifest {
  std::string bytes;
  std::string media_type;
  model::Digest digest;
};

// Whether credentials of the upstream may be sent to that realm.
bool is_bound_realm(const Upstream& upstream, const Url& realm);

class RegistryClient {
 public:
  // `stop` ends what is under way, and all that comes later, with an error.
  RegistryClient(Transport& transport, const base::Clock& machine_clock, std::stop_token stop = {})
      : transport_(transport), clock_(machine_clock), stop_(std::move(stop)) {}

  // Returns if the upstream is a registry that lets these credentials in.
  void ping(const Upstream& upstream);
  // `reference`: a tag or a digest.
  UpstreamManifest manifest(const Upstream& upstream, const std::string& repository,
                            const std::string& reference);
  // `on_size` is called once, before the bytes: what the upstream says the size is. The bytes are
  // not hashed here.
  void blob(const Upstream& upstream, const std::string& repository, const model::Digest& digest,
            const std::function<void(std::optional<std::uint64_t>)>& on_size,
            const Transport::OnBody& on_body);

 private:
  struct Authorization {
    std::string header;
    base::TimePoint until;
  };
  struct Resource {
    std::string path;  // below the upstream's base: "v2/..."
    std::string accept;
    std::string repository;  // for the token's scope; empty: none
    // Time for the whole answer; nullopt: the transport's own limit.
    std::optional<std::chrono::milliseconds> total = {};
  };

  void exchange(ExchangeRequest request, const Transport::OnHead& on_head,
                const Transport::OnBody& on_body);
  ExchangeHead get(const Upstream& upstream, const Resource& resource,
                   const Transport::OnHead& on_ok, const Transport::OnBody& on_body);
  ExchangeHead follow(const Upstream& upstream, const Resource& resource,
                      const std::string& authorization, const Transport::OnHead& on_ok,
                      const Transport::OnBody& on_body);
  Authorization authorize(const Upstream& upstream, const Resource& resource,
                          const ExchangeHead& head);
  Authorization fetch_token(const Upstream& upstream, const Resource& resource,
                            const Challenge& challenge);
  std::string known_authorization(const std::string& key);  // empty: none that is still good

  Transport& transport_;
  const base::Clock& clock_;
  const std::stop_token stop_;
  std::mutex mutex_;
  static constexpr std::size_t kMaxAuthorizations = 1000;
  base::BoundedMemo<std::string, Authorization> authorizations_{
      kMaxAuthorizations};  // under mutex_
};

}  // namespace ecr::api::pull_through
