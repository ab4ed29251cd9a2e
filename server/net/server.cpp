#include "server/net/server.h"

#include <atomic>
#include <list>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "schemas/base/text.h"
#include "server/net/connection.h"
#include "server/net/tls_context.h"

namespace ecr::server {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

// How often each io thread looks for connections past their deadline. Deadlines are seconds, so one
// timer a thread is exact enough and cheaper than one timer a connection, which would be set anew
// with every piece of a body.
constexpr std::chrono::milliseconds kSweep{250};
// Each such thread mostly waits for one upstream registry or identity provider. The number bounds
// how many of them a client can keep hanging; integration/test_pull_through.py,
// test_pulls_that_hang_keep_nobody_waiting, shows that other requests go on meanwhile.
constexpr std::size_t kOutsideThreads = 32;

// One io thread with its connections. Only that thread touches them. INVARIANT: connections are
// added and erased on this thread alone, so the list needs no lock. The hint 1 tells Asio that one
// thread runs the context.
struct IoThread {
  asio::io_context context{1};
  std::list<std::unique_ptr<Connection>> connections;
  asio::steady_timer sweeper{context};
  bool stopping = false;
  std::chrono::steady_clock::time_point force_at{};  // once stopping: end what still runs
};

// The brackets keep the colons of an IPv6 address apart from the one before the port (RFC 3986,
// 3.2.2).
std::string address_text(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  return address.is_v6() ? base::format("[{}]:{}", address.to_string(), endpoint.port())
                         : base::format("{}:{}", address.to_string(), endpoint.port());
}

// A dual-stack socket shows an IPv4 client as ::ffff:192.0.2.1; aws:SourceIp wants 192.0.2.1.
std::string bare_address(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  } else if (address.is_v6()) {
    auto bare = address.to_v6();
    bare.scope_id(0);  // "fe80::1%eth0" would be no address to aws:SourceIp
    address = bare;
  }
  return address.to_string();
}

// The client may have left already. Then the address is "0.0.0.0", and no answer reaches the client
// anyway.
std::string peer_text(const tcp::socket& socket) {
  error_code ec;
  return bare_address(socket.remote_endpoint(ec).address());
}

// On loopback nothing is ever lost, and a congestion control that paces its packets (bbr, the
// default of some machines) costs two thirds of the rate there; every Linux has reno.
// TCP_NOTSENT_LOWAT bounds the bytes that wait in the kernel for a client that does not read,
// however large its socket buffer has grown. no_delay: the head of an answer and the file behind it
// are two writes, and Nagle's algorithm would hold a small second write until the client
// acknowledges the first. A failure of these options is ignored, because they change the speed of
// an answer and never its bytes.
void tune(tcp::socket& socket) {
  constexpr int kUnsent = 512 << 10;
  constexpr std::string_view kReno = "reno";
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const int fd = socket.native_handle();
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
  const auto peer = socket.remote_endpoint(ignored).address();
  if (!ignored && peer.is_loopback()) {
    ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
  }
}

// Says why before it closes, where that costs nothing: the bytes fit into the socket's buffer, or
// are left out. A client of TLS could not read them.
void turn_away(tcp::socket& socket, bool tls) {
  constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: 44\r\nConnection: close\r\n\r\nthe server has too many connections "
      "already\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  if (!tls) socket.send(asio::buffer(kFull), 0, ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

struct Listener {
  tcp::acceptor acceptor;
  bool tls;
  bool metadata;
};

// Every failure becomes a sentence that names the address, because it is printed as the only reason
// why the server does not start.
tcp::acceptor bind(asio::io_context& context, const ListenAddress& address) {
  tcp::resolver resolver(context);
  error_code ec;
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, ec);
  if (ec) {
    throw std::runtime_error(base::format("cannot listen on {}: {}", address.host, ec.message()));
  }
  // A name may have several addresses. The first is taken; the defaults list both families by
  // address, so no name has to stand for two listeners.
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), ec);
  // Without SO_REUSEADDR a restart fails for a minute, while connections of the last run are in
  // TIME_WAIT. On Linux it does not let two processes listen on one port.
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  // An IPv6 listener takes IPv6 only. Otherwise "[::]:4599" would also take the IPv4 port, and the
  // default pair 127.0.0.1 and [::1] would depend on the machine's setting of bindv6only.
  if (!ec && endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(true), ec);
  }
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  // The likeliest reason is another server that still runs, so the text names its process. Test:
  // ServerTest.APortInUseIsSaidSo.
  if (ec == asio::error::address_in_use) {
    const std::string owner = port_owner(endpoint.port());
    throw std::runtime_error(
        base::format("cannot listen on {}: another process uses the port{}. Use another one with "
                     "{} HOST:PORT; port 0 picks a free one",
                     address_text(endpoint), owner.empty() ? "" : ": " + owner,
                     address.metadata ? "--imds-listen"
                     : address.tls    ? "--tls-listen"
                                      : "--listen"));
  }
  if (ec) {
    throw std::runtime_error(
        base::format("cannot listen on {}: {}", address_text(endpoint), ec.message()));
  }
  return acceptor;
}

}  // namespace

// The io threads are destroyed before the pools. That is safe because run() returns only when no
// connection is left, so no worker has work of a connection then.
struct Server::Impl {
  Options options;
  MemoryBudget own_memory;
  WorkerPool workers;
  // A pool apart from `workers`: work that hangs there keeps no other request waiting.
  WorkerPool outside{kOutsideThreads};
  ConnectionContext context;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<Listener> listeners;
  std::unique_ptr<asio::ssl::context> tls;
  asio::signal_set signals;
  // The io thread that gets the next connection. Only the first io thread, which accepts, uses it.
  std::size_t next = 0;
  // Open ones; counted when they are accepted, before their io thread has them.
  std::atomic<std::size_t> connections{0};
  // Set once, by begin_stop() on the first io thread.
  std::atomic<bool> stopping{false};

  Impl(const Options& given, const App& app, AccessLog& access_log, const base::Clock& clock,
       base::Random& random)
      : options(given),
        workers(given.workers),
        context{app,
                workers,
                outside,
                access_log,
                clock,
                random,
                given.timeouts,
                given.memory != nullptr ? *given.memory : own_memory,
                given.metrics,
                given.requests},
        threads(make_threads(given.io_threads)),
        signals(threads[0]->context) {}

  static std::vector<std::unique_ptr<IoThread>> make_threads(std::size_t count) {
    std::vector<std::unique_ptr<IoThread>> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(std::make_unique<IoThread>());
    return made;
  }

  // Binds every address. One that is optional may fail: the IPv6 half of the defaults, because not
  // every machine has IPv6 (listen_addresses() in server/serve.cpp).
  void listen() {
    if (options.tls) tls = make_tls(*options.tls);
    if (options.certificates != nullptr) tls = make_tls(*options.certificates);
    std::string failed;
    for (ListenAddress address : options.listen) {
      // Port 0 ("any free port") on IPv4 and IPv6 means the same port, where that is possible.
      if (address.optional && address.port == 0 && !listeners.empty()) {
        address.port = listeners.back().acceptor.local_endpoint().port();
      }
      try {
        listeners.push_back({bind(threads[0]->context, address), address.tls, address.metadata});
      } catch (const std::runtime_error&) {
        if (!address.optional) throw;
      }
    }
    if (listeners.empty()) throw std::runtime_error("there is no address to listen on");
  }

  void run_thread(IoThread& thread) {
    sweep(thread);
    thread.context.run();
  }

  // Closes connections that are past their deadline. After a stop it ends the io thread when the
  // last connection has ended: no timer is set again, and the io_context runs out of work.
  void sweep(IoThread& thread) {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& connection : thread.connections) {
      // After the grace time every deadline counts as passed. A connection whose request is still
      // on a worker stays even then (close_if_late() says why).
      connection->close_if_late(thread.stopping && now >= thread.force_at
                                    ? std::chrono::steady_clock::time_point::max()
                                    : now);
    }
    if (thread.stopping && thread.connections.empty()) return;
    // A server that stops is looked at more often, so that its exit does not wait for the next
    // quarter of a second.
    thread.sweeper.expires_after(thread.stopping ? std::chrono::milliseconds(10) : kSweep);
    thread.sweeper.async_wait([this, &thread](error_code) { sweep(thread); });
  }

  // Runs on the connection's io thread, which owns the connection from here on.
  void adopt(IoThread& thread, tcp::socket socket, bool secure, bool metadata) {
    // Accepted, but handed over after the stop began: the socket closes here, and the client sees a
    // connection that never got an answer, which it may safely try again.
    if (thread.stopping) {
      --connections;
      return;
    }
    tune(socket);
    std::string peer = peer_text(socket);
    error_code ignored;
    // Only TLS needs the local address: it is the name for which a certificate is chosen when the
    // client sends none.
    std::string local = secure ? bare_address(socket.local_endpoint(ignored).address()) : "";
    auto stream = secure ? make_tls_stream(std::move(socket), *tls, std::move(local))
                         : make_plain_stream(std::move(socket));
    thread.connections.push_back(std::make_unique<Connection>(
        context, std::move(stream), std::move(peer), thread.context.get_executor(), metadata));
    // An iterator of a list stays valid while other connections come and go.
    const auto at = std::prev(thread.connections.end());
    if (options.metrics != nullptr) options.metrics->connection_opened();
    // serve() throws nothing, so the exception is always null. After erase() the connection is
    // gone; nothing in this handler may touch it.
    auto ended = [this, &thread, at](const std::exception_ptr&) {
      thread.connections.erase(at);
      --connections;
      if (options.metrics != nullptr) options.metrics->connection_closed();
    };
    asio::co_spawn(thread.context, (*at)->serve(), std::move(ended));
  }

  // One coroutine a listener, all of them on the first io thread.
  asio::awaitable<void> accept(Listener& listener) {
    while (!stopping) {
      IoThread& thread = *threads[next++ % threads.size()];
      error_code ec;
      auto token = asio::redirect_error(asio::use_awaitable, ec);
      tcp::socket socket = co_await listener.acceptor.async_accept(thread.context, token);
      // begin_stop() closed the acceptor.
      if (ec == asio::error::operation_aborted) break;
      if (ec) {  // most likely no descriptor is free: wait until connections end
        asio::steady_timer pause(threads[0]->context, kSweep);
        error_code ignored;
        auto wait = asio::redirect_error(asio::use_awaitable, ignored);
        co_await pause.async_wait(wait);
        continue;
      }
      if (connections >= options.max_connections) {
        turn_away(socket, listener.tls);
        if (options.metrics != nullptr) options.metrics->connection_refused();
        continue;
      }
      ++connections;
      // Connections go to the io threads in turn. The handler of post() must be copyable, and a
      // socket is not.
      auto shared = std::make_shared<tcp::socket>(std::move(socket));
      const bool secure = listener.tls;
      const bool metadata = listener.metadata;
      asio::post(thread.context, [this, &thread, shared, secure, metadata] {
        adopt(thread, std::move(*shared), secure, metadata);
      });
    }
  }

  // Runs on the first io thread. A signal and stop() may both come here; the exchange lets only the
  // first one through.
  void begin_stop() {
    if (stopping.exchange(true)) return;
    // Before anything waits: requests that hang at another server end now, and not at the end of
    // the grace time. Shown by integration/test_pull_through.py,
    // test_stops_at_once_while_an_upstream_hangs.
    if (options.on_stop) options.on_stop();
    error_code ignored;
    for (Listener& listener : listeners) listener.acceptor.close(ignored);
    signals.cancel(ignored);
    // Idle connections close at once; requests that run have until `force_at`.
    const auto force_at = std::chrono::steady_clock::now() + options.grace;
    for (auto& thread : threads) {
      asio::post(thread->context, [&thread = *thread, force_at] {
        thread.stopping = true;
        thread.force_at = force_at;
        for (const auto& connection : thread.connections) connection->stop();
        thread.sweeper.cancel();
      });
    }
  }
};

// Listening before serving: addresses() is known (port 0 has become a real port) while nothing is
// answered yet, so the caller can finish its start before run().
Server::Server(const Options& options, const App& app, AccessLog& log, const base::Clock& clock,
               base::Random& random)
    : impl_(std::make_unique<Impl>(options, app, log, clock, random)) {
  impl_->listen();
  // Signals are caught before the ready line is printed: a script that reads the line may stop the
  // server at once.
  impl_->signals.add(SIGTERM);
  impl_->signals.add(SIGINT);
  impl_->signals.async_wait([impl = impl_.get()](error_code ec, int) {
    if (!ec) impl->begin_stop();
  });
}

Server::~Server() = default;

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> list;
  for (const Listener& listener : impl_->listeners) {
    list.push_back(address_text(listener.acceptor.local_endpoint()));
  }
  return list;
}

std::vector<std::string> Server::tls_addresses() const {
  std::vector<std::string> list;
  for (const Listener& listener : impl_->listeners) {
    if (listener.tls) list.push_back(address_text(listener.acceptor.local_endpoint()));
  }
  return list;
}

std::vector<std::string> Server::metadata_addresses() const {
  std::vector<std::string> list;
  for (const Listener& listener : impl_->listeners) {
    if (listener.metadata) list.push_back(address_text(listener.acceptor.local_endpoint()));
  }
  return list;
}

// The caller's thread is the first io thread. Every io thread returns when its context has no work
// left, which happens only after a stop: until then the sweeper always waits.
void Server::run() {
  Impl& impl = *impl_;
  for (Listener& listener : impl.listeners) {
    asio::co_spawn(impl.threads[0]->context, impl.accept(listener), asio::detached);
  }
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < impl.threads.size(); ++i) {
    others.emplace_back([&impl, i] { impl.run_thread(*impl.threads[i]); });
  }
  impl.run_thread(*impl.threads[0]);
  // The other io threads end by themselves; leaving the scope waits for them.
}

void Server::stop() {
  asio::post(impl_->threads[0]->context, [this] { impl_->begin_stop(); });
}

}  // namespace ecr::server
