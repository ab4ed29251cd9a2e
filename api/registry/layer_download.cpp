#include "api/registry/layer_download.h"

#include "api/core/wire/error.h"
#include "api/core/wire/query_protocol.h"
#include "api/registry/handlers.h"
#include "schemas/base/text.h"

namespace ecr::api::registry {
namespace {

HttpResponse find_layer(const Services& services, const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    throw ApiError(ErrorCode::kUnsupported, "The specified method is not allowed");
  }
  const SignedLayer layer = verify_layer_url(services, request, services.clock.now());
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
