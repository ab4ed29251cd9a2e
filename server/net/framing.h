// The framing of HTTP/1.1 without a socket: what the head of a request may look like, the limits of
// a connection, and the bytes of a response's head. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/wire/http.h"

namespace ecr::server {

// The longest things in a head are session tokens and presigned URLs, which carry such a token in
// the target. The limits leave room for them and bound what a client costs before it is known.
inline constexpr std::size_t kMaxHeaderBytes = 32u << 10;
inline constexpr std::size_t kMaxHeaderFields = 100;
inline constexpr std::size_t kMaxTargetBytes = 16u << 10;

// How long a client may take. The sweeper closes a connection that is late.
struct Timeouts {
  std::chrono::seconds header{10};    // from the first byte of a request to the end of its header
  std::chrono::seconds idle{75};      // between requests
  std::chrono::seconds progress{30};  // for kProgressBytes more of a body, in either direction
  std::chrono::seconds linger{5};     // until a refused client stops sending
};

// The reason for which a request is refused before its meaning is looked at. The connection ends
// after the answer, and nothing behind the request is read.
struct FramingError {
  int status;
  std::string reason;
};

// The head of a request as it came; views into the parser.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  int version = 11;  // 10 or 11
  std::vector<api::HeaderView> fields;
};

// The gate: nullopt lets the request pass.
std::optional<FramingError> check_framing(const RequestHead& head);
// "host[:port]" and nothing else.
bool is_valid_host(std::string_view host);
// Compares a header's name, ASCII without case. `lower` is in lower case.
bool is_field(std::string_view name, std::string_view lower);

// Status line, headers, Date, Content-Length and Connection, up to the empty line; and the headers
// that make it inert in a browser: X-Content-Type-Options, and Content-Security-Policy where the
// response has none. Bytes that would end a header field are replaced, whatever a handler put
// there.
std::string response_head(const api::HttpResponse& response, std::string_view request_id,
                          std::string_view date, bool keep_alive);
// The length of the body that follows the head.
std::uint64_t body_length(const api::HttpResponse& response);

}  // namespace ecr::server
