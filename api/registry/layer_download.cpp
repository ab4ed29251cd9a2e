#include "api/registry/layer_download.h"

#include "api/core/wire/error_response.h"
#include "api/registry/handlers.h"

namespace ecr::api::registry {
namespace {

HttpResponse find_layer(const Services& services, const HttpRequest& request) {
  const SignedLayer layer = verify_layer_url(services, request, services.clock.now());
  const auto name = model::RepositoryName::parse(layer.repository);
  const auto digest = model::Digest::parse(layer.digest);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const auto repository =
      name ? storage::find_repository(txn, layer.registry, *name) : std::nullopt;
  if (!repository || !digest) {
    throw ApiError(ErrorCode::kBlobUnknown, "The specified key does not exist.");
  }
  return blob_response(services.store, txn, repository->id, *digest, request);
}

HttpResponse s3_error(const ApiError& error, const HttpRequest& request) {
  return error_response(error, ErrorForm::kS3, request);
}

// As the line of the access log has it, also of an error.
HttpResponse noted(HttpResponse response) {
  response.note.action = "GET layer";
  return response;
}

}  // namespace

HttpResponse serve_layer(const Services& services, const HttpRequest& request) {
  try {
    return noted(find_layer(services, request));
  } catch (...) {
    return noted(s3_error(to_api_error(std::current_exception()), request));
  }
}

HttpResponse refuse_layer_method(const HttpRequest& request) {
  return noted(s3_error({ErrorCode::kUnsupported, "The specified method is not allowed"}, request));
}

}  // namespace ecr::api::registry
