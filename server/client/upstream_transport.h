// HTTP and HTTPS to upstream registries (api/pull_through/transport.h): one request a connection,
// bodies streamed. Thread-safe; blocking.
#pragma once

#include <atomic>
#include <string>

#include "api/pull_through/transport.h"
#include "server/client/client_socket.h"

namespace ecr::server {

class UpstreamTransport : public api::pull_through::Transport {
 public:
  // `ca_file`: as TlsClientContext has it.
  UpstreamTransport(const std::string& ca_file, ClientPatience patience)
      : context_(ca_file), patience_(patience) {}

  void get(const api::pull_through::ExchangeRequest& request, const OnHead& on_head,
           const OnBody& on_body) override;

  // Ends the running requests and all later ones with an error, because the program ends.
  void stop() { stop_ = true; }

 private:
  TlsClientContext context_;
  const ClientPatience patience_;
  std::atomic<bool> stop_{false};
};

}  // namespace ecr::server
