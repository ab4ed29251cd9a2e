// Listeners and io threads: accepts connections and serves them until the stop. Code that makes a
// server includes no header of Asio, because all of Asio is behind `Impl`.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemas/base/clock.h"
#include "server/net/framing.h"
#include "server/runtime/listen_address.h"

namespace ecr::server {

class AccessLog;
class RequestLog;
class App;
class MemoryBudget;
class Metrics;
class ServerCertificates;

// An idle connection takes about 12 KiB, so all of them take less than 32 MiB.
inline constexpr std::size_t kMaxConnections = 2560;

struct TlsFiles {
  std::string certificate;  // PEM, chain
  std::string key;          // PEM
};

class Server {
 public:
  struct Options {
    std::vector<ListenAddress> listen;
    std::optional<TlsFiles> tls;
    ServerCertificates* certificates = nullptr;  // of --tls auto; outlives the server
    std::size_t io_threads = 2;
    std::size_t workers = 8;
    Timeouts timeouts;
    std::chrono::seconds grace{10};
    Metrics* metrics = nullptr;      // outlives the server
    RequestLog* requests = nullptr;  // outlives the server
    MemoryBudget* memory = nullptr;  // outlives the server; null: one of its own
    std::size_t max_connections = kMaxConnections;
    // Called once when the server begins to stop, so that waits for other servers end.
    std::function<void()> on_stop = {};
  };
  // Binds and listens. Throws std::runtime_error with a sentence for the user (port in use, ...).
  Server(const Options& options, const App& app, AccessLog& log, const base::Clock& clock,
         base::Random& random);
  ~Server();

  // "127.0.0.1:4599" of each listener, in the order of the options.
  std::vector<std::string> addresses() const;
  std::vector<std::string> tls_addresses() const;  // those with TLS
  std::vector<std::string> metadata_addresses() const;
  // Serves until SIGTERM, SIGINT or stop(). Then finishes the requests that run, within `grace`;
  // work that a worker has begun is waited for even longer.
  void run();
  // May be called from any thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::server
