// A small HTTPS client that GETs a document: the keys of identity providers. The server's
// certificate must be valid for its name. Size and time are limited; a connection carries one
// request; redirects are not followed. Thread-safe; blocking.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/core/wire/http.h"

namespace ecr::server {

class HttpsClient : public api::HttpsFetcher {
 public:
  struct Limits {
    std::size_t bytes = 256u << 10;  // of a body
    std::chrono::milliseconds time{5'000};
  };

  // `ca_file`: PEM file of certificate authorities to be trusted besides the system's; empty:
  // none. Throws std::runtime_error where it cannot be read.
  explicit HttpsClient(const std::string& ca_file, Limits limits);
  explicit HttpsClient(const std::string& ca_file) : HttpsClient(ca_file, Limits{}) {}
  ~HttpsClient() override;

  tl::expected<std::string, std::string> get(const std::string& url) override;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  const Limits limits_;
};

}  // namespace ecr::server
