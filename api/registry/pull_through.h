// Where reads of the registry meet pull-through caches (api/pull_through/): who may have an image
// fetched, and what is answered until it is all there.
#pragma once

#include <optional>

#include "api/pull_through/image_import.h"
#include "api/registry/session.h"

namespace ecr::api::registry {

RepositoryKey repository_key(const Session& session);

// A rule covers the repository's name.
bool may_be_imported(Session& session);

// Throws OutsideWork, to ask the upstream, where that has not been done for this request; throws
// kAccessDenied where the caller may not have it done. Of a refresh, which may as well not happen,
// it returns then.
void ask_upstream(Session& session, const pull_through::UpstreamQuery& query, LogNote& note);

// The answer to a GET or HEAD of a blob that an import of the repository needs and that is not
// there yet: a GET throws OutsideWork, until the upstream has begun to send it, and then gets it
// while it comes. nullopt: the blob is there, or no import's.
std::optional<HttpResponse> blob_on_its_way(Session& session, const storage::Repository& repository,
                                            const model::Digest& digest);

}  // namespace ecr::api::registry
