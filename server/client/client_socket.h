// A connection to an upstream registry: TCP or TLS, to an address that was checked, with time
// limits. Blocks; used by one thread at a time. Every function throws
// api::pull_through::UpstreamError.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "api/pull_through/url.h"
#include "server/client/tls_client.h"
#include "storage/os/posix.h"

struct addrinfo;

namespace ecr::server {

struct ClientPatience {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds progress{20'000};  // for kProgressBytes more, or the end
};

class ClientSocket {
 public:
  // Connects to one of the addresses that the host's name has now; unless `private_allowed`, only
  // to a public one. `stop`: give up as soon as it is true.
  ClientSocket(const api::pull_through::Url& url, bool private_allowed, TlsClientContext& tls,
               ClientPatience patience, const std::atomic<bool>& stop);

  void write(std::string_view bytes);
  // 0: the other end sends no more.
  std::size_t read(char* to, std::size_t size);

 private:
  using Clock = std::chrono::steady_clock;
  bool connect_to(const addrinfo& address);
  void begin_tls(const api::pull_through::Url& url, TlsClientContext& tls);
  void wait(short events);
  void wait_tls(int result);
  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = Clock::now() + from_now; }

  const ClientPatience patience_;
  const std::atomic<bool>& stop_;
  Clock::time_point deadline_;
  std::size_t progress_ = 0;
  storage::Fd fd_;
  TlsPtr tls_;
};

}  // namespace ecr::server
