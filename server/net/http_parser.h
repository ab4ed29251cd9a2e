// Reads HTTP/1.1 requests from bytes, without a socket: Boost.Beast's parser behind a gate that
// refuses what Beast lets through and two servers could understand differently. Not thread-safe.
//
// Beast 1.81 accepts "Transfer-Encoding: identity" (and leaves the body to be read as the next
// request), merges trailers into the headers, takes several Host fields, and more; tests/server/
// framing_test.cpp shows each case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/wire/http.h"

namespace ecr::server {

inline constexpr std::size_t kMaxHeaderBytes = 32u << 10;
inline constexpr std::size_t kMaxHeaderFields = 100;
inline constexpr std::size_t kMaxTargetBytes = 16u << 10;

// A request that is refused before anybody looks at its meaning: the answer, then the connection
// ends and nothing after it is read.
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

// The gate: nullopt lets the request pass. Pure.
std::optional<FramingError> check_framing(const RequestHead& head);
// host[:port] with nothing else in it.
bool is_valid_host(std::string_view host);

// One request. Feed it bytes; it reports the head when complete, then the body piece by piece.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // Parses from the front of `bytes`. Returns the size of the head once it is complete; 0: more is
  // needed, and the next call gets the same bytes with more behind them. After an error nothing
  // more may be fed.
  std::size_t feed_head(std::string_view bytes, std::optional<FramingError>& error);
  // REQUIRES: the head is complete and passed the gate.
  bool keep_alive() const;
  bool expects_continue() const;
  bool has_body() const;                                // by its framing
  std::optional<std::uint64_t> content_length() const;  // nullopt: chunked
  RequestHead head() const;

  // Body: appends views into `bytes` to `pieces`, returns the bytes consumed (0: more are needed).
  // Trailers are dropped.
  std::size_t feed_body(std::string_view bytes, std::vector<std::string_view>& pieces,
                        std::optional<FramingError>& error);
  bool done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::server
