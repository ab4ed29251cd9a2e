#include "server/client/name_lookup.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace ecr::server {
namespace {

// Look-ups that nobody waits for any more go on until the resolver's own limit (resolv.conf(5)),
// each on a thread. More than this at once means that the name servers do not answer.
constexpr int kMostLookups = 64;

Addresses ask_resolver(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  return Addresses(getaddrinfo(host.c_str(), port.c_str(), &hints, &found) == 0 ? found : nullptr);
}

// Shared by the thread that looks up and the one that waits: either may be gone first.
struct Lookup {
  std::mutex mutex;
  std::condition_variable_any changed;
  // Under mutex.
  bool done = false;
  Addresses found;
};

// Counts the threads; they outlive every object that could count them.
std::atomic<int> running_lookups{0};

}  // namespace

// getaddrinfo(3) has no limit of its own and cannot be ended, so it runs on a thread that is left
// alone when the time is over.
Addresses look_up(const base::Url& url, std::chrono::steady_clock::time_point deadline,
                  const std::stop_token& stop) {
  const std::string port = std::to_string(url.port);
  // An address is no name: nothing is asked.
  if (auto address = ask_resolver(url.host, port, AI_NUMERICHOST)) return address;
  const auto lookup = std::make_shared<Lookup>();
  if (running_lookups.fetch_add(1) >= kMostLookups) {
    running_lookups.fetch_sub(1);
    return nullptr;
  }
  try {
    std::thread([lookup, host = url.host, port] {
      auto found = ask_resolver(host, port, 0);
      running_lookups.fetch_sub(1);
      const std::lock_guard lock(lookup->mutex);
      lookup->found = std::move(found);
      lookup->done = true;
      lookup->changed.notify_all();
    }).detach();
  } catch (const std::system_error&) {  // the system has no thread left
    running_lookups.fetch_sub(1);
    return nullptr;
  }
  std::unique_lock lock(lookup->mutex);
  lookup->changed.wait_until(lock, stop, deadline, [&] { return lookup->done; });
  return std::move(lookup->found);
}

}  // namespace ecr::server
