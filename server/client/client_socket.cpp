#include "server/client/client_socket.h"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <utility>

#include "api/core/wire/transport.h"
#include "schemas/base/text.h"
#include "schemas/base/url.h"
#include "server/client/name_lookup.h"

namespace ecr::server {
namespace {

// The same rule as for clients of this server (server/net/connection.cpp): one byte a second is not
// progress.
constexpr std::size_t kProgressBytes = 16u << 10;
// A stop token cannot wake a poll(2), so waits are cut into steps of this length. A stop is
// delayed by one step at most.
constexpr std::chrono::milliseconds kStopPoll{100};

// The text reaches API callers in the answer to their pull, so it names the host that they
// configured and no address of this network.
[[noreturn]] void fail_connection(const std::string& reason) { throw api::TransportError(reason); }

// URLs of upstreams and issuers come from API callers. Without this check they could make the
// server ask services that only its own network can reach (169.254.169.254, for one).
bool is_public(const addrinfo& address) {
  if (address.ai_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address.ai_addr);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&in->sin_addr);
    return base::is_public_address({bytes, sizeof in->sin_addr});
  }
  if (address.ai_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(address.ai_addr);
    return base::is_public_address({in->sin6_addr.s6_addr, sizeof in->sin6_addr});
  }
  // Other families, Unix sockets among them, are never asked.
  return false;
}

}  // namespace

ClientSocket::ClientSocket(const base::Url& url, bool private_allowed, TlsClientContext& tls,
                           const ClientLimits& limits, std::stop_token stop)
    : limits_(limits), stop_(std::move(stop)), end_(Clock::now() + limits.total), deadline_(end_) {
  set_deadline(limits_.progress);
  const Addresses addresses = look_up(url, deadline_, stop_);
  if (!addresses) {
    fail_connection(stop_.stop_requested() ? "this server is stopping"
                                           : base::format("there is no host {}", url.host));
  }
  bool refused = false;
  // Every address is tried in the resolver's order, each with its own connect limit.
  for (const addrinfo* at = addresses.get(); at != nullptr && !fd_; at = at->ai_next) {
    // The address that is checked is the address that is connected to. A second look-up of the name
    // could return a private address (DNS rebinding).
    if (!private_allowed && !is_public(*at)) {
      refused = true;
      continue;
    }
    if (!connect_to(*at)) fd_ = storage::Fd();
  }
  if (!fd_ && stop_.stop_requested()) fail_connection("this server is stopping");
  if (!fd_) {
    // HttpClient.ConnectsToNoAddressThatIsNotPublic shows the refusal.
    fail_connection(refused ? base::format("{} has an address that is not public", url.authority())
                            : base::format("nothing answers at {}", url.authority()));
  }
  // From here on the limit is one of progress. The handshake has to be done within the first
  // period.
  set_deadline(limits_.progress);
  if (url.tls) begin_tls(url, tls);
}

bool ClientSocket::connect_to(const addrinfo& address) {
  // CLOEXEC: the scanner that --scanner-command starts must not inherit connections.
  fd_ = storage::Fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return false;
  // The socket does not block, so connect() returns at once, and the wait below has a limit that
  // this program chose. The kernel's own limit is about two minutes.
  if (::connect(fd_.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  set_deadline(limits_.connect);
  try {
    wait(POLLOUT);
  } catch (const api::TransportError&) {
    return false;
  }
  // A socket becomes writable also when the connection failed; SO_ERROR says which it was
  // (connect(2), EINPROGRESS).
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

void ClientSocket::begin_tls(const base::Url& url, TlsClientContext& tls) {
  const base::openssl::ErrorQueue errors;
  tls_ = tls.make();
  // The name in the certificate is checked against the URL's host, although the address was looked
  // up before: DNS is not trusted.
  if (!tls_ || SSL_set_fd(tls_.get(), fd_.get()) != 1 || !expect_host(tls_.get(), url.host)) {
    fail_connection("there is no TLS");
  }
  for (;;) {
    const int result = SSL_connect(tls_.get());
    if (result == 1) return;
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      fail_connection(handshake_failure(tls_.get()));
    }
    wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
  }
}

// Waits for the socket in short steps, so that a stop of the server ends the wait.
void ClientSocket::wait(short events) {
  for (;;) {
    if (stop_.stop_requested()) fail_connection("this server is stopping");
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) fail_connection("it takes too long");
    // One millisecond more than what is left, which was rounded down: poll() must not return just
    // before the deadline again and again.
    pollfd poll_one{fd_.get(), events, 0};
    const int ready = ::poll(&poll_one, 1, static_cast<int>(std::min(left, kStopPoll).count()) + 1);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail_connection("its connection cannot be waited for");
  }
}

// TLS may have to read before it can write, and the other way round (renegotiation, key updates).
void ClientSocket::wait_tls(int result) {
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return wait(POLLIN);
  if (error == SSL_ERROR_WANT_WRITE) return wait(POLLOUT);
  fail_connection("its TLS connection breaks off");
}

// The deadline moves with every kProgressBytes and not with every byte: a server that sends or
// takes one byte a second does not occupy a thread for ever.
void ClientSocket::note_progress(std::size_t bytes) {
  progress_ += bytes;
  if (progress_ < kProgressBytes) return;
  progress_ = 0;
  set_deadline(limits_.progress);
}

void ClientSocket::write(std::string_view bytes) {
  const base::openssl::ErrorQueue errors;
  while (!bytes.empty()) {
    // SSL_write() takes an int.
    const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 20));
    const auto sent =
        tls_ ? static_cast<ssize_t>(SSL_write(tls_.get(), bytes.data(), size))
             : ::send(fd_.get(), bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      note_progress(static_cast<std::size_t>(sent));
    } else if (tls_) {
      wait_tls(static_cast<int>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(POLLOUT);
    } else if (errno != EINTR) {
      fail_connection("it takes no request");
    }
  }
}

std::size_t ClientSocket::read(char* to, std::size_t size) {
  const base::openssl::ErrorQueue errors;
  for (;;) {
    // Asked for each read as well: a server that sends without a pause never lets wait() run.
    if (stop_.stop_requested()) fail_connection("this server is stopping");
    if (Clock::now() >= end_) fail_connection("it takes too long");
    const auto got = tls_ ? static_cast<ssize_t>(SSL_read(tls_.get(), to, static_cast<int>(size)))
                          : ::recv(fd_.get(), to, size, 0);
    if (got > 0) {
      note_progress(static_cast<std::size_t>(got));
      return static_cast<std::size_t>(got);
    }
    if (tls_) {
      // close_notify is the only end of a TLS stream. A TCP connection that ends without it was cut
      // off, by a fault or by an attacker (RFC 8446, 6.1).
      if (SSL_get_error(tls_.get(), static_cast<int>(got)) == SSL_ERROR_ZERO_RETURN) return 0;
      wait_tls(static_cast<int>(got));
    } else if (got == 0) {
      return 0;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(POLLIN);
    } else if (errno != EINTR) {
      fail_connection("its connection breaks off");
    }
  }
}

}  // namespace ecr::server
