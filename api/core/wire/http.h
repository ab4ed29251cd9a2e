// HTTP messages as they pass between the server and the API: values, without sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "schemas/model/registry_id.h"
#include "storage/blobs/blob_store.h"

namespace ecr::api {

using HeaderView = std::pair<std::string_view, std::string_view>;

// The header fields of a request in order, names as they came. Owns their text.
// INVARIANT: views stay valid when the object is moved; it cannot be copied.
class HeaderList {
 public:
  HeaderList() = default;
  explicit HeaderList(std::span<const HeaderView> fields);
  HeaderList(HeaderList&&) = default;
  HeaderList& operator=(HeaderList&&) = default;

  // The first field of that name (compared without case); empty optional: none.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  std::size_t count(std::string_view name) const;
  std::span<const HeaderView> fields() const { return fields_; }

 private:
  std::vector<char> text_;
  std::vector<HeaderView> fields_;
};

// The part of the API that a request belongs to, by its path. Each plane says which paths are its
// own; the server asks them once, in App::admit().
enum class Plane {
  kNone,      // no plane has the path
  kApi,       // "/": ECR, IAM, STS, Organizations
  kRegistry,  // /v2/
  kLayers,    // signed URLs of layers
  kAdmin,     // the emulator's own API
  kMetadata   // credentials of roles, for containers and instances
};

struct HttpRequest {
  std::string method;  // as it came
  std::string target;  // as it came
  HeaderList headers;
  std::string body;  // empty where it is streamed
  // The address of the client, without port, and whether it speaks TLS to this server or to the
  // first proxy: of the other end of the connection until settle_client() has been called.
  std::string peer;
  bool secure = false;
  bool forwarded = false;  // it says that a proxy passed it on, whether or not that one is trusted
  bool metadata = false;   // it came to the listener of --imds-listen, which has no other plane
  std::string id;          // request id that the client sees
  Plane plane = Plane::kNone;

  std::string_view path() const;   // raw, before '?'
  std::string_view query() const;  // raw, after '?'
  std::string_view host() const { return headers.get("host"); }
  // "https://localhost:4599": where the client reaches this server, for URLs that answers have.
  std::string origin() const;
};

// A value of the query string, decoded; nullopt: absent. Throws ApiError for a query that is not
// well-formed or gives the parameter twice.
std::optional<std::string> query_value(std::string_view query, std::string_view name);
// All of a parameter that may be given more than once. Throws for a query that is not well-formed.
std::vector<std::string> query_values(std::string_view query, std::string_view name);

// Finds out who the client is, once, before anything else looks at the request. Where the other end
// is one of `proxies` (addresses or CIDR blocks), the client is the last hop in X-Forwarded-For
// that is none of them, and X-Forwarded-Proto says whether it speaks TLS: the headers of a proxy
// count only as far as the configured proxies vouch for them.
void settle_client(HttpRequest& request, const std::vector<std::string>& proxies);

// An address or a CIDR block, as `proxies` holds them.
bool is_proxy_address(std::string_view text);

// Part of a stored blob, sent from its file.
struct FileSlice {
  std::shared_ptr<storage::BlobFile> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// A body without an end: a live stream. Polled by the connection for as long as the client stays.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The bytes that are new since the last call; empty: none. Must not block.
  virtual std::string poll() = 0;
};

using Piece = std::variant<std::string, FileSlice>;

// A body made of pieces, of which only one exists at a time. One thread at a time.
class PieceSource {
 public:
  virtual ~PieceSource() = default;
  // The length of all pieces together, in bytes.
  virtual std::uint64_t length() const = 0;
  // nullopt: that was all. An empty text: nothing yet, it is asked again soon. Must not block for
  // long. What it throws ends the connection.
  virtual std::optional<Piece> next() = 0;
};

struct CallIdentity;

// A call of an AWS API that a request on another plane makes (api/registry/calls.h). Input and
// output are made when the record of the call is written, which most records of reads never are.
struct NotedCall {
  std::string operation;  // "PutImage"
  std::function<nlohmann::json()> input;
  std::function<nlohmann::json()> output = {};  // empty: the call has none, or failed
};

// Notes of a request for the logs: for its line in the access log, and for the record of the call.
struct LogNote {
  std::string principal;
  std::string action;
  std::string error;
  bool denied = false;   // by policies: there is a decision to look at
  std::string iam_soft;  // why --iam enforce would have denied it; empty: it would not
  std::shared_ptr<const CallIdentity> identity;  // null: the caller was not authenticated
  model::RegistryId registry;                    // that a registry request is about
  std::string registry_repository;               // empty: the request is about no single repository
  // In the order in which they were begun. An error that ends the request is the last one's.
  std::vector<NotedCall> calls;
  bool probe = false;      // a health check: the access log leaves out those that go well
  std::string error_type;  // as AWS JSON names it; empty: success
  std::string error_message;

  void begin_call(std::string operation, std::function<nlohmann::json()> input) {
    calls.push_back({std::move(operation), std::move(input)});
  }
  // REQUIRES: a call was begun.
  void end_call(std::function<nlohmann::json()> output) { calls.back().output = std::move(output); }

  // Takes over the error of `other`; the caller, the action and the calls stay.
  void fail_as(LogNote&& other);
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::variant<std::string, FileSlice, std::shared_ptr<BodySource>, std::shared_ptr<PieceSource>>
      body;
  // Content-Length where no body is sent (HEAD); else it is the body's.
  std::optional<std::uint64_t> head_length;
  bool close = false;  // end the connection after it
  LogNote note;
  // Not empty: this is no answer yet. It is called for one, on a thread that may wait for other
  // servers; what is captured by reference lives as long as the request.
  std::function<HttpResponse()> later;

  void set(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
  }
};

// Makes the answer of a GET that of a HEAD: with the length of the body and without the body (RFC
// 9110, section 9.3.2).
void drop_body(HttpResponse& response);

// What the head of a request tells about its caller while the body is still to come: the answer
// that refuses it; true: the caller is authenticated; false: only the body can tell.
using Introduction = std::variant<HttpResponse, bool>;

HttpResponse text_response(int status, std::string content_type, std::string body);

// Takes a body that is too large for memory. One thread at a time; destroyed without finish() when
// the client goes away.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void write(std::string_view bytes) = 0;
  // The answer. REQUIRES: the whole body was written.
  virtual HttpResponse finish() = 0;
};

// Reason phrase of a status.
std::string_view reason_of(int status);

}  // namespace ecr::api
