// The handlers of the registry's routes, and the parts that they share. Each handler runs inside
// the request's transaction; an error that it throws is turned into the OCI form by
// registry_plane.cpp.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/registry/registry_request.h"
#include "schemas/model/digest.h"
#include "schemas/model/repository_name.h"
#include "storage/store.h"

namespace ecr::api::registry {

using RouteHandler = HttpResponse (*)(RegistryRequest& request);

HttpResponse get_base(RegistryRequest& request);  // and HEAD, as every GET
HttpResponse get_manifest(RegistryRequest& request);
HttpResponse put_manifest(RegistryRequest& request);
// An EarlyManifest of the body of a PUT, for RegistryRequest::decoded. Borrows the request.
std::any decode_manifest(const HttpRequest& request, const Route& route);
HttpResponse delete_manifest(RegistryRequest& request);
HttpResponse get_blob(RegistryRequest& request);
HttpResponse delete_blob(RegistryRequest& request);
HttpResponse list_tags(RegistryRequest& request);
HttpResponse list_referrers(RegistryRequest& request);
HttpResponse list_repositories(RegistryRequest& request);
HttpResponse upload_status(RegistryRequest& request);
HttpResponse cancel_upload(RegistryRequest& request);

// POST, PATCH and PUT of uploads, before their bodies: the answer that ends the request, or the
// sink for its body.
using UploadStart = std::variant<HttpResponse, std::unique_ptr<BodySink>>;
using StreamHandler = UploadStart (*)(const RequestHead& head, LogNote& note);
UploadStart start_upload(const RequestHead& head, LogNote& note);
UploadStart continue_upload(const RequestHead& head, LogNote& note);

struct Mount {
  model::Digest digest;
  model::RepositoryName from;
};
// "?mount=<digest>&from=<name>"; nullopt: none is asked for (without a source, or from what is no
// repository's name, it is an ordinary upload). Throws kDigestInvalid.
std::optional<Mount> wanted_mount(const HttpRequest& request);

// Cross-repository mount: a blob that another repository of the registry holds becomes this one's
// too, without its bytes being sent. False: the upload goes on as any other. The caller cannot tell
// why: it is the same for a blob or repository that does not exist, for one that the caller may not
// read, for a registry that has mounting switched off, for images of a pull-through cache, and for
// repositories that are encrypted with different keys.
// REQUIRES: a write transaction; the caller may begin an upload to `target`.
bool mount_blob(RegistryRequest& request, const storage::Repository& target, const Mount& mount);

// The answer that carries a blob: whole, a range of it, or its size alone. For a GET or HEAD whose
// caller may have blobs of the repository. Throws ApiError: kBlobUnknown
// where the repository does not hold it, kRangeNotSatisfiable, kPreconditionFailed.
HttpResponse blob_response(storage::Store& store, storage::sql::Txn& txn, std::int64_t repository,
                           const model::Digest& digest, const HttpRequest& request);

}  // namespace ecr::api::registry
