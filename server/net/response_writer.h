// The bytes of a response's head. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/core/wire/http.h"

namespace ecr::server {

// Status line, headers, Date, Content-Length and Connection, up to the empty line. Bytes that would
// end a header field are replaced, whatever a handler put there.
std::string response_head(const api::HttpResponse& response, std::string_view request_id,
                          std::string_view date, bool keep_alive);

// Of the body that follows the head.
std::uint64_t body_length(const api::HttpResponse& response);

}  // namespace ecr::server
