// The client of `ecr-local demo`: signed calls of the APIs, and requests of the registry. Also the
// server that the demo starts when it is given none. Blocking.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/base/url.h"
#include "server/client/http_client.h"

namespace ecr::server {

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

struct DemoKeys {
  std::string access_key;
  std::string secret_key;
};

using DemoReply = api::ExchangeAnswer;

// Throws std::runtime_error where nothing answers.
class DemoClient {
 public:
  // `clock` outlives the client. Throws where `url` is no URL.
  DemoClient(const std::string& url, std::string region, const base::Clock& clock);

  DemoReply ecr(const DemoKeys& keys, const std::string& operation, const std::string& body) const;
  // `service`: "iam" or "sts". `parameters` are encoded here.
  DemoReply query(const DemoKeys& keys, const std::string& service,
                  const HeaderPairs& parameters) const;
  // A request of /v2/ with a registry password.
  DemoReply registry(const std::string& password, const std::string& method,
                     const std::string& target, const std::string& body = {},
                     const std::string& content_type = {}) const;
  DemoReply get(const std::string& target, const std::string& bearer) const;

  std::string host() const { return url_.authority(); }

 private:
  DemoReply send(const std::string& method, const std::string& target, const HeaderPairs& headers,
                 const std::string& body) const;
  DemoReply send_signed(const DemoKeys& keys, const std::string& service, HeaderPairs headers,
                        const std::string& body) const;

  const base::Url url_;
  mutable HttpClient client_;
  const std::string region_;
  const base::Clock& clock_;
};

// A server of this same program as a child process, in memory and on a free port.
class DemoServer {
 public:
  // Waits until it is ready. Throws std::runtime_error with what it wrote where it does not become
  // ready.
  DemoServer();
  // Stops it and waits for its end.
  ~DemoServer();
  DemoServer(const DemoServer&) = delete;
  DemoServer& operator=(const DemoServer&) = delete;

  const std::string& url() const { return url_; }  // "http://127.0.0.1:PORT"

 private:
  pid_t pid_ = -1;
  std::string url_;
};

}  // namespace ecr::server
