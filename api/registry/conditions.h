// Conditions of requests for manifests and blobs (RFC 9110, section 13). Each has one entity tag,
// its digest in quotes, which is a strong one: the bytes behind a digest never change. There are no
// times of modification, so that conditions on time do not count. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/wire/http.h"
#include "schemas/model/digest.h"

namespace ecr::api::registry {

// "\"sha256:...\"", for the header ETag.
std::string entity_tag(const model::Digest& digest);

// For a GET or HEAD that would be answered with what has this digest: 304 where If-None-Match has
// it already, without a body and with none of the headers that describe one. nullopt: the request
// goes on. Throws kPreconditionFailed where If-Match has it not.
std::optional<HttpResponse> answer_conditions(const HttpRequest& request,
                                              const model::Digest& digest);

// For a request that would change what has this digest now (nullopt: there is nothing yet). Throws
// kPreconditionFailed: If-Match has it not, or If-None-Match has it.
void require_conditions(const HttpRequest& request, const std::optional<model::Digest>& digest);

// True where a Range of the request counts: there is no If-Range, or it has this digest.
bool range_counts(const HttpRequest& request, const model::Digest& digest);

}  // namespace ecr::api::registry
