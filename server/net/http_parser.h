// Reads HTTP/1.1 messages from bytes, without a socket: requests of our clients, and responses of
// the servers that we ask. Boost.Beast's parser is behind both; no other file includes Beast. Not
// thread-safe.
//
// A request also passes the gate of framing.h: Beast 1.81 accepts "Transfer-Encoding: identity"
// (and leaves the body to be read as the next request), merges trailers into the headers, takes
// several Host fields, and more. tests/server/net/framing_test.cpp shows each case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/net/framing.h"

namespace ecr::server {

// One request. Feed it bytes; it reports the head when complete, then the body piece by piece.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // Parses from the front of `bytes`. A field that goes on in the next line is refused. Returns the
  // size of the head once it is complete; 0: more is needed, and the next call gets the same bytes
  // with more behind them. After an error nothing more may be fed.
  std::size_t feed_head(std::string_view bytes, std::optional<FramingError>& error);
  // REQUIRES: the head is complete and passed the gate.
  bool keep_alive() const;
  bool expects_continue() const;
  bool has_body() const;                                // as the framing says
  std::optional<std::uint64_t> content_length() const;  // nullopt: chunked
  RequestHead head() const;

  // Parses a part of the body: appends views into `bytes` to `pieces` and returns the bytes
  // consumed (0: more are needed). Trailers are dropped.
  std::size_t feed_body(std::string_view bytes, std::vector<std::string_view>& pieces,
                        std::optional<FramingError>& error);
  bool done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One response of another server to a GET.
class ResponseParser {
 public:
  // `body_limit` is nullopt when the caller limits the body itself.
  ResponseParser(std::size_t header_limit, std::optional<std::uint64_t> body_limit);
  ~ResponseParser();

  // Parses one step from the front of `bytes`: to the end of the head, or within the body. Appends
  // views into `bytes` of the body to `pieces`. Returns the bytes consumed, which must not be fed
  // again; 0: more are needed. `error` says why a response is refused; nothing more may be fed.
  std::size_t feed(std::string_view bytes, std::vector<std::string_view>& pieces,
                   std::optional<std::string>& error);
  // Tells the parser that the other end has closed the connection, which also ends a body without a
  // length. False: the response is incomplete.
  bool end();

  bool has_head() const;
  bool done() const;
  // REQUIRES: has_head().
  int status() const;
  // Names in lower case, in the order of the response. Trailers are dropped.
  const std::vector<std::pair<std::string, std::string>>& headers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::server
