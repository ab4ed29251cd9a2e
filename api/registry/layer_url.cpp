#include "api/registry/layer_url.h"

#include <charconv>

#include "api/core/wire/client_address.h"
#include "api/core/wire/error.h"
#include "api/core/wire/failure.h"
#include "api/core/wire/query_protocol.h"
#include "api/registry/handlers.h"
#include "api/registry/route.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::registry {
namespace {

constexpr std::string_view kPrefix = "/_layers/";
constexpr std::chrono::hours kUrlLife{1};

struct Layer {
  std::string account;
  std::string region;
  std::string repository;
  std::string digest;
};

std::string signature_of(const storage::Store& store, std::string_view path,
                         std::string_view expires) {
  const std::string message = base::format("layer\n{}\n{}", path, expires);
  return base::to_hex(model::hmac_sha256(store.key(), message));
}

std::string path_of(const storage::Repository& repository, const model::Digest& digest) {
  return base::format("{}{}/{}/{}/{}", kPrefix, repository.account, repository.region,
                      repository.name, digest.text());
}

// REQUIRES: path was made by path_of, which its signature says.
Layer layer_of(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  const std::size_t account = path.find('/');
  const std::size_t region = path.find('/', account + 1);
  const std::size_t digest = path.rfind('/');
  return {std::string(path.substr(0, account)),
          std::string(path.substr(account + 1, region - account - 1)),
          std::string(path.substr(region + 1, digest - region - 1)),
          std::string(path.substr(digest + 1))};
}

// Errors have S3's sentences and, in serve_layer(), its XML: ECR's own URLs lead to S3.
ApiError denied(const char* message) { return ApiError::access_denied(message); }

// The path that the signature covers: decoded, because clients may send the digest's ':' as it is
// or as %3A. The signature is compared first and in constant time: the time in a URL counts only
// when it is ours (test AChangedUrlIsWorthNothing).
std::string verified_path(const Services& services, const HttpRequest& request,
                          base::TimePoint now) {
  const auto path = base::percent_decode(request.path());
  const std::string expires = query_value(request.query(), "expires").value_or("");
  const std::string signature = query_value(request.query(), "signature").value_or("");
  if (!path ||
      !model::constant_time_equal(signature, signature_of(services.store, *path, expires))) {
    throw denied("The signature of this URL does not match");
  }
  std::int64_t seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (now >= base::TimePoint(std::chrono::seconds(seconds))) {
    throw denied("Request has expired");
  }
  return *path;
}

HttpResponse find_layer(const Services& services, const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    throw ApiError(ErrorCode::kUnsupported, "The specified method is not allowed");
  }
  // The repository must still hold the layer (test TheUrlEndsWithTheRepository): blob_response()
  // asks.
  const Layer layer = layer_of(verified_path(services, request, services.clock.now()));
  const auto digest = model::Digest::parse(layer.digest);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const auto repository =
      storage::find_repository(txn, layer.account, layer.region, layer.repository);
  if (!repository || !digest) {
    throw ApiError(ErrorCode::kBlobUnknown, "The specified key does not exist.");
  }
  return blob_response(services.store, txn, repository->id, *digest, request);
}

// S3 API Reference, "Error responses".
std::string_view s3_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAccessDenied:
      return "AccessDenied";
    case ErrorCode::kBlobUnknown:
      return "NoSuchKey";
    case ErrorCode::kRangeNotSatisfiable:
      return "InvalidRange";
    case ErrorCode::kUnsupported:
      return "MethodNotAllowed";
    case ErrorCode::kServiceUnavailable:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

HttpResponse xml_error(const ApiError& error, const HttpRequest& request) {
  const ErrorNames& names = names_of(error.code());
  HttpResponse response = text_response(
      names.oci_status, "application/xml",
      base::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}"
                   "</Message><RequestId>{}</RequestId></Error>",
                   s3_code(error.code()), xml_escape(error.message()), request.id));
  for (const auto& [name, value] : error.headers()) response.set(name, value);
  response.note.error = base::format("{}: {}", s3_code(error.code()), error.message());
  return response;
}

}  // namespace

bool is_layer_path(std::string_view path) { return path.starts_with(kPrefix); }

std::string layer_url(const Services& services, const HttpRequest& request,
                      const storage::Repository& repository, const model::Digest& digest,
                      base::TimePoint now) {
  const std::string path = path_of(repository, digest);
  const auto end = std::chrono::floor<std::chrono::seconds>(now + kUrlLife);
  const std::string expires = base::format("{}", end.time_since_epoch().count());
  return base::format("{}://{}{}?expires={}&signature={}",
                      is_secure(request, services.settings.trusted_proxies) ? "https" : "http",
                      request.host(), path, expires, signature_of(services.store, path, expires));
}

HttpResponse serve_layer(const Services& services, const HttpRequest& request) {
  HttpResponse response;
  try {
    response = find_layer(services, request);
  } catch (...) {
    response = xml_error(to_api_error(std::current_exception()), request);
  }
  response.note.action = "GET layer";
  return response;
}

}  // namespace ecr::api::registry
