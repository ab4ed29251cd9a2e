// The one HTTP client of this program: for upstream registries, identity providers and webhooks,
// and for the commands that ask a running server. HTTP/1.1 and HTTPS, one request a connection;
// bodies of answers are streamed; redirects are left to the caller, so that each hop is checked
// anew. It connects to public addresses alone, unless the request allows others. Thread-safe;
// blocking.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/core/wire/transport.h"

namespace ecr::server {

class TlsClientContext;

struct ClientLimits {
  std::chrono::milliseconds connect{5'000};    // to one address
  std::chrono::milliseconds progress{20'000};  // for 16 KiB more, or the end
  std::chrono::milliseconds total{60'000};     // ExchangeRequest::total replaces it
};

class HttpClient : public api::Transport {
 public:
  // `ca_file`: PEM file of certificate authorities to be trusted besides the system's; empty: none.
  // Throws std::runtime_error where it cannot be read.
  HttpClient(const std::string& ca_file, ClientLimits limits);
  ~HttpClient() override;

  void exchange(const api::ExchangeRequest& request, const OnHead& on_head,
                const OnBody& on_body) override;

 private:
  const std::unique_ptr<TlsClientContext> tls_;
  const ClientLimits limits_;
};

}  // namespace ecr::server
