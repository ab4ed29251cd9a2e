// Reads of the registry that a pull-through cache answers (api/pull_through/): which callers may
// have an image fetched, and the answers until all of the image is there. Stateless functions on
// the request.
#pragma once

#include <optional>

#include "api/pull_through/image_import.h"
#include "api/registry/registry_request.h"

namespace ecr::api::registry {

RepositoryKey repository_key(const RequestHead& head);

// Whether a pull-through cache rule covers the repository's name.
bool may_be_imported(RegistryRequest& request);

// Throws OutsideWork, to ask the upstream, where that has not been done for this request. Throws
// kAccessDenied where the caller lacks the permission; a refresh, which need not happen, is left
// out instead.
void ask_upstream(RegistryRequest& request, const pull_through::UpstreamQuery& query);

// The answer to a GET or HEAD of a blob that an import of the repository needs and that is not
// there yet. A GET throws OutsideWork until the upstream has begun to send the blob; then the
// answer sends it on while it is received. nullopt: the blob is there, or no import needs it.
std::optional<HttpResponse> blob_on_its_way(RegistryRequest& request,
                                            const storage::Repository& repository,
                                            const model::Digest& digest);

}  // namespace ecr::api::registry
