// What `ecr-local demo` talks to a server with: signed calls of the APIs, and requests of the
// registry. Blocking; http:// only. Throws std::runtime_error where nothing answers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "server/client/http_post.h"

namespace ecr::server {

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

struct DemoReply {
  int status = 0;
  std::string head;
  std::string body;

  std::string header(std::string_view name) const;  // empty: it has none
};

struct DemoKeys {
  std::string access_key;
  std::string secret_key;
};

class DemoClient {
 public:
  // `clock` outlives the client. Throws where `url` is no http:// URL.
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

  const std::string& host() const { return url_.authority; }

 private:
  DemoReply send(const std::string& method, const std::string& target, const HeaderPairs& headers,
                 const std::string& body) const;
  DemoReply send_signed(const DemoKeys& keys, const std::string& service, HeaderPairs headers,
                        const std::string& body) const;

  const HttpUrl url_;
  const std::string region_;
  const base::Clock& clock_;
};

}  // namespace ecr::server
