// One HTTP exchange with another server. The API opens no socket itself: server/client implements
// this interface for everything that is asked of others (upstream registries, identity providers,
// webhooks), and tests fake it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/url.h"

namespace ecr::api {

// The reason why there is no whole answer: "nothing answers at example.com". The text may be shown
// to clients: it names the server as the request did, no address of this network, and no secret.
class TransportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ExchangeRequest {
  base::Url url = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  // The server may have an address that the internet cannot reach (base::is_public_address()): only
  // where the operator named the server. It is decided anew for each hop of a redirect.
  bool private_allowed = false;
  std::string method = "GET";
  std::string_view body = {};
  // Of the answer's body; nullopt: on_body counts.
  std::optional<std::uint64_t> most_bytes = {};
  // For all of the exchange, from the look-up of the name to the last byte; nullopt: the client's
  // own limit.
  std::optional<std::chrono::milliseconds> total = {};
  // Ends the exchange with an error.
  std::stop_token stop = {};
};

struct ExchangeHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  // The first of that name; empty: none.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// Thread-safe; blocks, for a bounded time.
class Transport {
 public:
  virtual ~Transport() = default;
  // Redirects are not followed. `on_head` is called once, before the body; false: the body is not
  // wanted. `on_body` then gets the body in order. What either throws ends the exchange. Throws
  // TransportError where there is no whole answer.
  using OnHead = std::function<bool(const ExchangeHead&)>;
  using OnBody = std::function<void(std::string_view)>;
  virtual void exchange(const ExchangeRequest& request, const OnHead& on_head,
                        const OnBody& on_body) = 0;
};

struct ExchangeAnswer {
  ExchangeHead head;
  std::string body;
};
// The whole answer, whatever its status. Throws TransportError. REQUIRES: request.most_bytes.
ExchangeAnswer fetch(Transport& transport, const ExchangeRequest& request);

}  // namespace ecr::api
