#include "api/images/layer_url.h"

#include <charconv>

#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

constexpr std::string_view kPrefix = "/_layers/";
constexpr std::chrono::hours kUrlLife{1};

// "layer" keeps this signature apart from all others that the store's key makes (page tokens).
std::string signature_of(const storage::Store& store, std::string_view path,
                         std::string_view expires) {
  const std::string message = base::format("layer\n{}\n{}", path, expires);
  return base::to_hex(model::hmac_sha256(store.key(), message));
}

std::string path_of(const storage::Repository& repository, const model::Digest& digest) {
  return base::format("{}{}/{}/{}/{}", kPrefix, repository.registry.account,
                      repository.registry.region, repository.name.text(), digest.text());
}

// A repository's name has slashes: account, region and digest are cut off both ends, the name is
// the rest. REQUIRES: `path` was made by path_of(), which its signature proves.
SignedLayer layer_of(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  const std::size_t account = path.find('/');
  const std::size_t region = path.find('/', account + 1);
  const std::size_t digest = path.rfind('/');
  return {{std::string(path.substr(0, account)),
           std::string(path.substr(account + 1, region - account - 1))},
          std::string(path.substr(region + 1, digest - region - 1)),
          std::string(path.substr(digest + 1))};
}

// The signed path. Clients may send the digest's ':' as it is or as %3A.
std::string verified_path(const Core& core, const HttpRequest& request, base::TimePoint now) {
  const auto path = base::percent_decode(request.path());
  const std::string expires = query_value(request.query(), "expires").value_or("");
  const std::string signature = query_value(request.query(), "signature").value_or("");
  if (!path || !model::constant_time_equal(signature, signature_of(core.store, *path, expires))) {
    throw ApiError::access_denied("The signature of this URL does not match");
  }
  // The signature is right, so `expires` is a number that layer_url() wrote.
  std::int64_t seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (now >= base::TimePoint(std::chrono::seconds(seconds))) {
    throw ApiError::access_denied("Request has expired");
  }
  return *path;
}

}  // namespace

bool is_layer_path(std::string_view path) { return path.starts_with(kPrefix); }

std::string layer_url(const Core& core, const HttpRequest& request,
                      const storage::Repository& repository, const model::Digest& digest,
                      base::TimePoint now) {
  const std::string path = path_of(repository, digest);
  // Expiry goes by core.clock, which tests move. The scheme and host are those that the client
  // used, so that the URL works through a proxy, too.
  const auto end = std::chrono::floor<std::chrono::seconds>(now + kUrlLife);
  const std::string expires = base::format("{}", end.time_since_epoch().count());
  return base::format("{}{}?expires={}&signature={}", request.origin(), path, expires,
                      signature_of(core.store, path, expires));
}

SignedLayer verify_layer_url(const Core& core, const HttpRequest& request, base::TimePoint now) {
  return layer_of(verified_path(core, request, now));
}

}  // namespace ecr::api
