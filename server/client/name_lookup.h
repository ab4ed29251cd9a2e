// The addresses of a host name, without waiting longer than the caller may. Thread-safe; blocks.
#pragma once

#include <chrono>
#include <memory>
#include <netdb.h>
#include <stop_token>

#include "schemas/base/url.h"

namespace ecr::server {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// In the resolver's order. Null: there is no such host, or it is not known in time, or too many
// names are being looked up.
Addresses look_up(const base::Url& url, std::chrono::steady_clock::time_point deadline,
                  const std::stop_token& stop);

}  // namespace ecr::server
