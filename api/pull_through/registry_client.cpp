#include "api/pull_through/registry_client.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "api/images/manifest.h"
#include "api/pull_through/challenge.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::pull_through {
namespace {

using std::chrono::seconds;

constexpr int kMaxRedirects = 5;
constexpr std::size_t kMaxTokenBytes = 256u << 10;
constexpr seconds kBasicLasts{300};
// Tokens without an end last a minute; and none is used in its last seconds (distribution,
// "Token Authentication Specification").
constexpr seconds kTokenLasts{60};
constexpr seconds kMargin{10};

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

std::string basic(const Secret& secret) {
  return "Basic " + base::base64_encode(secret.username + ':' + secret.access_token);
}

// Of two secrets for one upstream each has its own tokens; the key holds no secret.
std::string token_key(const Upstream& upstream, const std::string& repository) {
  const std::string who =
      upstream.secret
          ? model::Digest::of(upstream.secret->username + '\n' + upstream.secret->access_token)
                .text()
          : std::string();
  return base::format("{}\n{}\n{}", upstream.base.text(), repository, who);
}

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

Url next_hop(const Url& from, const ExchangeHead& head) {
  auto to = resolve_location(from, head.header("location"));
  if (!to) {
    throw UpstreamError(UpstreamFailure::kInvalid, "The upstream registry redirects to no URL");
  }
  if (from.tls && !to->tls) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry redirects from https:// to http://");
  }
  return std::move(*to);
}

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

std::string text_member(const base::Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_clean_token(const std::string& token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::string ExchangeHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

bool is_bound_realm(const Upstream& upstream, const Url& realm) {
  if (upstream.base.tls && !realm.tls) return false;
  if (realm.host == upstream.base.host) return true;
  return std::any_of(std::begin(kKnownRealms), std::end(kKnownRealms), [&](const auto& known) {
    return known.registry == upstream.base.host && known.realm == realm.host;
  });
}

std::string RegistryClient::remembered(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const Authorization* const found = authorizations_.find(key);
  if (found == nullptr || found->until <= clock_.now()) return {};
  return found->header;
}

// One request, wherever it is redirected to. The head of the last answer.
ExchangeHead RegistryClient::follow(const Upstream& upstream, const Wanted& wanted,
                                    const std::string& authorization,
                                    const Transport::OnHead& on_ok,
                                    const Transport::OnBody& on_body) {
  ExchangeRequest request;
  request.url = upstream.base;
  request.url.target += wanted.path;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    const bool at_home = request.url.same_server(upstream.base);
    request.private_allowed = upstream.mapped && at_home;
    request.headers = {{"Accept", wanted.accept}};
    if (at_home && !authorization.empty()) {
      request.headers.emplace_back("Authorization", authorization);
    }
    ExchangeHead head;
    transport_.get(
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
                                                          const Wanted& wanted,
                                                          const Challenge& challenge) {
  const auto realm = parse_url(challenge.parameter("realm"));
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
  if (!wanted.repository.empty()) add("scope", "repository:" + wanted.repository + ":pull");
  request.headers = {{"Accept", "application/json"}};
  if (upstream.secret) request.headers.emplace_back("Authorization", basic(*upstream.secret));
  ExchangeHead head;
  std::string body;
  transport_.get(
      request,
      [&head](const ExchangeHead& got) {
        head = got;
        return got.status == 200;
      },
      append_to(body, kMaxTokenBytes));
  if (head.status != 200) refuse(head);
  const auto json = base::parse_json(body);
  std::string token = json && json->is_object() ? text_member(*json, "token") : std::string();
  if (token.empty() && json && json->is_object()) token = text_member(*json, "access_token");
  if (!is_clean_token(token)) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's token server sends no token");
  }
  seconds lasts = kTokenLasts;
  if (const auto given = json->find("expires_in"); given != json->end() && given->is_number()) {
    lasts = seconds(std::clamp<std::int64_t>(given->get<std::int64_t>(), 0, 3600));
  }
  return {"Bearer " + token, clock_.now() + lasts - kMargin};
}

// What the 401 asks for.
RegistryClient::Authorization RegistryClient::authorize(const Upstream& upstream,
                                                        const Wanted& wanted,
                                                        const ExchangeHead& head) {
  std::vector<Challenge> challenges;
  for (const auto& [name, value] : head.headers) {
    if (name != "www-authenticate") continue;
    for (Challenge& challenge : parse_challenges(value)) challenges.push_back(std::move(challenge));
  }
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme == "bearer") return fetch_token(upstream, wanted, challenge);
  }
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme != "basic" || !upstream.secret) continue;
    return {basic(*upstream.secret), clock_.now() + kBasicLasts};
  }
  refuse(head);
}

ExchangeHead RegistryClient::get(const Upstream& upstream, const Wanted& wanted,
                                 const Transport::OnHead& on_ok, const Transport::OnBody& on_body) {
  const std::string key = token_key(upstream, wanted.repository);
  ExchangeHead head = follow(upstream, wanted, remembered(key), on_ok, on_body);
  if (head.status == 401) {
    const Authorization fresh = authorize(upstream, wanted, head);
    head = follow(upstream, wanted, fresh.header, on_ok, on_body);
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
  UpstreamManifest manifest;
  const ExchangeHead head = get(
      upstream,
      {base::format("v2/{}/manifests/{}", repository, reference), kManifestTypes, repository},
      [](const ExchangeHead&) { return true; }, append_to(manifest.bytes, kMaxManifestBytes));
  manifest.media_type = head.header("content-type");
  manifest.media_type = manifest.media_type.substr(0, manifest.media_type.find(';'));
  // What was asked for by digest must have that; a tag's must have what the header says.
  const bool by_digest = reference.find(':') != std::string::npos;
  const auto wanted =
      model::Digest::parse(by_digest ? reference : head.header("docker-content-digest"));
  const model::Digest actual = model::Digest::of(
      manifest.bytes, wanted ? wanted->algorithm() : model::DigestAlgorithm::kSha256);
  if (wanted && *wanted != actual) {
    throw UpstreamError(UpstreamFailure::kInvalid,
                        "The upstream registry's manifest is not what its digest says");
  }
  manifest.digest = actual.text();
  return manifest;
}

void RegistryClient::blob(const Upstream& upstream, const std::string& repository,
                          const std::string& digest,
                          const std::function<void(std::optional<std::uint64_t>)>& on_size,
                          const Transport::OnBody& on_body) {
  get(
      upstream, {base::format("v2/{}/blobs/{}", repository, digest), "*/*", repository},
      [&](const ExchangeHead& head) {
        on_size(length_of(head));
        return true;
      },
      on_body);
}

}  // namespace ecr::api::pull_through
