// Paging of the listings of this folder: tags, referrers, repositories. OCI distribution-spec,
// "Listing Tags"; ECR's own way under --strict-ecr.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/registry/session.h"

namespace ecr::api::registry {

struct Page {
  std::int64_t size;
  std::string last;  // the listing goes on after it; empty: from the start
};
// The query's n and last. `listing` is what a strict token is bound to. Throws kBadQuery for an n
// that is no number, and, strict, for one above ECR's limit or a token that is not ours.
Page read_page(const Session& session, std::string_view listing);

// Link: <...>; rel="next", to the rest of this listing after `last`. `more`: further parameters of
// the query, each as "&name=value".
void set_next(HttpResponse& response, const Session& session, std::string_view listing,
              const Page& page, std::string_view last, std::string_view more = {});

}  // namespace ecr::api::registry
