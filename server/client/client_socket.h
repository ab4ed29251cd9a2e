// A connection to another server: TCP or TLS, to an address that was checked, with time limits.
// Blocks; used by one thread at a time. Every function throws api::TransportError.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string_view>

#include "schemas/base/url.h"
#include "server/client/http_client.h"
#include "server/client/tls_client.h"
#include "storage/os/posix.h"

struct addrinfo;

namespace ecr::server {

class ClientSocket {
 public:
  // Connects to one of the addresses that the host's name has now; unless `private_allowed`, only
  // to a public one. The total limit begins here. `stop` ends every wait.
  ClientSocket(const base::Url& url, bool private_allowed, TlsClientContext& tls,
               const ClientLimits& limits, std::stop_token stop);

  void write(std::string_view bytes);
  // 0: the other end sends no more.
  std::size_t read(char* to, std::size_t size);

 private:
  using Clock = std::chrono::steady_clock;
  bool connect_to(const addrinfo& address);
  void begin_tls(const base::Url& url, TlsClientContext& tls);
  void wait(short events);
  void wait_tls(int result);
  void note_progress(std::size_t bytes);
  // The end of the whole exchange stays where it is.
  void set_deadline(std::chrono::milliseconds from_now) {
    deadline_ = std::min(end_, Clock::now() + from_now);
  }

  const ClientLimits limits_;
  const std::stop_token stop_;
  const Clock::time_point end_;
  Clock::time_point deadline_;
  std::size_t progress_ = 0;
  storage::Fd fd_;
  TlsPtr tls_;
};

}  // namespace ecr::server
