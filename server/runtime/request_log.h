// The last requests, for /_ecr-local/requests: what the access log says of each, as JSON and as a
// live stream. In memory and bounded: the oldest goes first. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "api/admin/admin_routes.h"
#include "server/runtime/access_log.h"

namespace ecr::server {

// One request. Texts are cut as in the access log.
struct RequestLine {
  std::uint64_t sequence = 0;  // from 1, by the log
  base::TimePoint time;        // of its end
  std::string request_id;
  std::string peer;
  std::string method;
  std::string path;  // without the query, which may carry a signature
  int status = 0;    // 0: the connection was reset
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::chrono::microseconds took{0};
  std::string action;     // empty: the request was not understood
  std::string principal;  // empty: the caller was not authenticated
  std::string error;
  bool denied = false;  // by policies; with --iam soft although it went through
};

class RequestLog {
 public:
  explicit RequestLog(std::size_t capacity = 1000) : capacity_(capacity) {}

  // Requests for the server's own paths are left out: who watches the stream would see themselves.
  void record(const AccessEntry& entry);
  // The requests with a sequence above `after`, oldest first: the first or the last `limit`.
  std::vector<RequestLine> first_after(std::uint64_t after, std::size_t limit) const;
  std::vector<RequestLine> last_after(std::uint64_t after, std::size_t limit) const;
  // The newest sequence; 0: nothing yet.
  std::uint64_t newest() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<RequestLine> lines_;
  std::uint64_t newest_ = 0;
};

// GET /_ecr-local/requests. `log` outlives the route.
api::admin::AdminRoute request_route(const RequestLog& log);

}  // namespace ecr::server
