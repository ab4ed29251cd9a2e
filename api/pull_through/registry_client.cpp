#include "api/pull_through/registry_client.h"

#include <algorithm>
#include <charconv>

#include "api/images/manifest.h"
#include "api/pull_through/registry_auth.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::pull_through {
namespace {

using std::chrono::seconds;

constexpr int kMaxRedirects = 5;
constexpr std::size_t kMaxTokenBytes = 256u << 10;
// A layer may have gigabytes, so a blob gets more time than the transport gives a document. The
// transport's limit of progress ends a transfer that stands still much earlier.
constexpr std::chrono::hours kBlobTime{6};
constexpr seconds kBasicLasts{300};
// No token is used in its last seconds: it could expire on its way.
constexpr seconds kMargin{10};

// All four kinds of manifest are accepted, so that the upstream translates nothing: the digest must
// be the one that clients of the upstream know.
constexpr const char* kManifestTypes =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

// Registries whose tokens come from another host of theirs.
struct KnownRealm {
  std::string_view registry;
  std::string_view realm;
};
constexpr KnownRealm kKnownRealms[] = {
    {"registry-1.docker.io", "auth.docker.io"},
    {"registry.gitlab.com", "gitlab.com"},
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Two secrets for one upstream have each its own tokens. The key holds a digest and no secret.
std::string token_key(const Upstream& upstream, const std::string& repository) {
  const std::string who =
      upstream.secret
          ? model::Digest::of(upstream.secret->username + '\n' + upstream.secret->access_token)
                .text()
          : std::string();
  return base::format("{}\n{}\n{}", upstream.base.text(), repository, who);
}

// The body of an error is not passed on: it is another server's text.
[[noreturn]] void refuse(const ExchangeHead& head) {
  switch (head.status) {
    case 401:
    case 403:
      throw UpstreamError(UpstreamFailure::kAccessDenied,
                          base::format("The upstream registry answers {}", head.status));
    case 404:
      throw UpstreamError(UpstreamFailure::kNotFound, "The upstream registry answers 404");
    case 429:
      throw UpstreamError(UpstreamFailure::kTooManyRequests, "The upstream registry answers 429");
    default:
      throw UpstreamError(UpstreamFailure::kUnavailable,
                          base::format("The upstream registry answers {}", head.status));
  }
}

// Going down to http:// would send the rest of the exchange in the clear.
Url next_hop(const Url& from, const ExchangeHead& head) {
  auto to = base::resolve_location(from, head.header("location"));
  if (!to) {
    throw UpstreamError(UpstreamFailure::kInvalid, "The upstream registry redirects to no URL");
  }
  if (from.tls && !to->tls) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry redirects from https:// to http://");
  }
  return std::move(*to);
}

// Only a hint: the size that counts is the manifest's, and the bytes are counted.
std::optional<std::uint64_t> length_of(const ExchangeHead& head) {
  const std::string text = head.header("content-length");
  std::uint64_t length = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size()) {
    return std::nullopt;
  }
  return length;
}

// A sink for what must stay small.
Transport::OnBody append_to(std::string& text, std::size_t limit) {
  return [&text, limit](std::string_view bytes) {
    if (text.size() + bytes.size() > limit) {
      throw UpstreamError(UpstreamFailure::kInvalid,
                          base::format("The upstream registry sends more than {} bytes", limit));
    }
    text += bytes;
  };
}

}  // namespace

// Without this check an upstream could name any server as its token server, and would be sent the
// operator's secret there.
bool is_bound_realm(const Upstream& upstream, const Url& realm) {
  if (upstream.base.tls && !realm.tls) return false;
  if (realm.host == upstream.base.host) return true;
  return std::any_of(std::begin(kKnownRealms), std::end(kKnownRealms), [&](const auto& known) {
    return known.registry == upstream.base.host && known.realm == realm.host;
  });
}

// Every exchange passes here: the stop holds for all of them, and what the transport says becomes a
// reason of this upstream.
void RegistryClient::exchange(ExchangeRequest request, const Transport::OnHead& on_head,
                              const Transport::OnBody& on_body) {
  request.stop = stop_;
  try {
    transport_.exchange(request, on_head, on_body);
  } catch (const TransportError& error) {
    throw UpstreamError(UpstreamFailure::kUnavailable,
                        base::format("The upstream registry: {}", error.what()));
  }
}

std::string RegistryClient::known_authorization(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const Authorization* const found = authorizations_.find(key);
  if (found == nullptr || found->until <= clock_.now()) return {};
  return found->header;
}

// One request and its redirects; returns the head of the last answer. Credentials go to the
// upstream's own host and port alone: layers are usually redirected to object storage, whose URL is
// signed itself and which refuses a second authorization.
ExchangeHead RegistryClient::follow(const Upstream& upstream, const Resource& resource,
                                    const std::string& authorization,
                                    const Transport::OnHead& on_ok,
                                    const Transport::OnBody& on_body) {
  ExchangeRequest request;
  request.url = upstream.base;
  request.url.target += resource.path;
  request.total = resource.total;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    const bool at_home = request.url.same_server(upstream.base);
    request.private_allowed = upstream.mapped && at_home;
    request.headers = {{"Accept", resource.accept}};
    if (at_home && !authorization.empty()) {
      request.headers.emplace_back("Authorization", authorization);
    }
    ExchangeHead head;
    exchange(
        request,
        [&](const ExchangeHead& got) {
          head = got;
          return got.status == 200 && on_ok(got);
        },
        on_body);
    if (!is_redirect(head.status)) return head;
    request.url = next_hop(request.url, head);
  }
  throw UpstreamError(UpstreamFailure::kInvalid,
                      "The upstream registry redirects more than five times");
}

RegistryClient::Authorization RegistryClient::fetch_token(const Upstream& upstream,
                                                          const Resource& resource,
                                                          const Challenge& challenge) {
  const auto realm = base::parse_url(challenge.parameter("realm"));
  if (!realm || !is_bound_realm(upstream, *realm)) {
    throw UpstreamError(UpstreamFailure::kAccessDenied,
                        "The upstream registry wants a token of a server that is not its own");
  }
  ExchangeRequest request;
  request.url = *realm;
  request.private_allowed = upstream.mapped && realm->same_server(upstream.base);
  char separator = realm->target.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](const char* name, const std::string& value) {
    request.url.target += base::format("{}{}={}", separator, name, base::percent_encode(value));
    separator = '&';
  };
  const std::string service = challenge.parameter("service");
  if (!service.empty()) add("service", service);
  if (!resource.repository.empty()) add("scope", "repository:" + resource.repository + ":pull");
  request.headers = {{"Accept", "application/json"}};
  if (upstream.secret)
    request.headers.emplace_back("Authorization", basic_authorization(*upstream.secret));
  ExchangeHead head;
  std::string body;
  exchange(
      request,
      [&head](const ExchangeHead& got) {
        head = got;
        return got.status == 200;
      },
      append_to(body, kMaxTokenBytes));
  if (head.status != 200) refuse(head);
  const auto answer = read_token_answer(body);
  if (!answer) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's token server sends no token");
  }
  return {"Bearer " + answer->token, clock_.now() + answer->lasts - kMargin};
}

// The authorization that the challenges of a 401 ask for; Bearer before Basic where both are
// offered. A token is asked for without credentials, too: public registries give tokens to
// anonymous clients.
RegistryClient::Authorization RegistryClient::authorize(const Upstream& upstream,
                                                        const Resource& resource,
                                                        const ExchangeHead& head) {
  std::vector<Challenge> challenges;
  for (const auto& [name, value] : head.headers) {
    if (name != "www-authenticate") continue;
    for (Challenge& challenge : parse_challenges(value)) challenges.push_back(std::move(challenge));
  }
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme == "bearer") return fetch_token(upstream, resource, challenge);
  }
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme != "basic" || !upstream.secret) continue;
    return {basic_authorization(*upstream.secret), clock_.now() + kBasicLasts};
  }
  refuse(head);
}

ExchangeHead RegistryClient::get(const Upstream& upstream, const Resource& resource,
                                 const Transport::OnHead& on_ok, const Transport::OnBody& on_body) {
  const std::string key = token_key(upstream, resource.repository);
  ExchangeHead head = follow(upstream, resource, known_authorization(key), on_ok, on_body);
  // A remembered token may have been revoked, and another repository needs another scope: one 401
  // is answered with fresh credentials, a second one is an error.
  if (head.status == 401) {
    const Authorization fresh = authorize(upstream, resource, head);
    head = follow(upstream, resource, fresh.header, on_ok, on_body);
    if (head.status == 200) {
      const std::lock_guard lock(mutex_);
      authorizations_.put(key, fresh);
    }
  }
  if (head.status != 200) refuse(head);
  return head;
}

void RegistryClient::ping(const Upstream& upstream) {
  const auto nothing = [](const ExchangeHead&) { return false; };
  get(upstream, {"v2/", "application/json", ""}, nothing, [](std::string_view) {});
}

UpstreamManifest RegistryClient::manifest(const Upstream& upstream, const std::string& repository,
                                          const std::string& reference) {
  std::string bytes;
  const ExchangeHead head = get(
      upstream,
      {base::format("v2/{}/manifests/{}", repository, reference), kManifestTypes, repository},
      [](const ExchangeHead&) { return true; }, append_to(bytes, kMaxManifestBytes));
  const std::string type = head.header("content-type");
  // A manifest that was asked for by digest must have that digest; one by tag must have the digest
  // of Docker-Content-Digest, where the upstream sends that header (ECR itself leaves it out of
  // GET).
  const bool by_digest = reference.find(':') != std::string::npos;
  const auto wanted =
      model::Digest::parse(by_digest ? reference : head.header("docker-content-digest"));
  model::Digest actual =
      model::Digest::of(bytes, wanted ? wanted->algorithm() : model::DigestAlgorithm::kSha256);
  if (wanted && *wanted != actual) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's manifest is not what its digest says");
  }
  return {std::move(bytes), type.substr(0, type.find(';')), std::move(actual)};
}

void RegistryClient::blob(const Upstream& upstream, const std::string& repository,
                          const model::Digest& digest,
                          const std::function<void(std::optional<std::uint64_t>)>& on_size,
                          const Transport::OnBody& on_body) {
  get(
      upstream,
      {base::format("v2/{}/blobs/{}", repository, digest.text()), "*/*", repository, kBlobTime},
      [&](const ExchangeHead& head) {
        on_size(length_of(head));
        return true;
      },
      on_body);
}

}  // namespace ecr::api::pull_through
