#include "api/registry/layer_download.h"

#include "api/core/wire/error_response.h"
#include "api/registry/handlers.h"

namespace ecr::api::registry {
namespace {

HttpResponse find_layer(const Services& services, const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    throw ApiError(ErrorCode::kUnsupported, "The specified method is not allowed");
  }
  const SignedLayer layer = verify_layer_url(services, request, services.clock.now());
  const auto digest = model::Digest::parse(layer.digest);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const auto repository = storage::find_repository(txn, layer.registry, layer.repository);
  if (!repository || !digest) {
    throw ApiError(ErrorCode::kBlobUnknown, "The specified key does not exist.");
  }
  return blob_response(services.store, txn, repository->id, *digest, request);
}

}  // namespace

HttpResponse serve_layer(const Services& services, const HttpRequest& request) {
  HttpResponse response;
  try {
    response = find_layer(services, request);
  } catch (...) {
    response = error_response(to_api_error(std::current_exception()), ErrorForm::kS3, request);
  }
  response.note.action = "GET layer";
  return response;
}

}  // namespace ecr::api::registry
