#include "server/net/stream.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <sys/sendfile.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "server/net/tls_context.h"

namespace ecr::server {
namespace {

using boost::system::error_code;
using boost::system::system_error;
using tcp = asio::ip::tcp;

// A file is sent in pieces of this size, so that one fast reader does not occupy an io thread.
constexpr std::size_t kPiece = 1u << 20;

[[noreturn]] void fail(int error) {
  throw system_error(error_code(error, boost::system::system_category()));
}

// Many clients close TCP without TLS's close_notify. That is an end like any other: the framing of
// HTTP shows where a message was cut off.
bool is_end(const error_code& ec) {
  return ec == asio::error::eof || ec == asio::error::connection_reset ||
         ec == asio::ssl::error::stream_truncated;
}

// A reset counts as an end, too: it says no more than that the client is gone, and the message that
// was being read is incomplete either way.
template <typename Socket>
asio::awaitable<std::size_t> read_from(Socket& socket, asio::mutable_buffer buffer) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  const std::size_t n = co_await socket.async_read_some(buffer, token);
  if (is_end(ec)) co_return 0;
  if (ec) throw system_error(ec);
  co_return n;
}

template <typename Socket>
asio::awaitable<void> write_to(Socket& socket, asio::const_buffer first,
                               asio::const_buffer second) {
  // One gathering write, so that head and body leave in one packet where they fit.
  const std::array<asio::const_buffer, 2> buffers{first, second};
  co_await asio::async_write(socket, buffers, asio::use_awaitable);
}

// What a client of http:// reads from a port of TLS, instead of a connection that ends.
constexpr std::string_view kUseTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 49\r\nConnection: close\r\n\r\n"
    "this port has TLS: use https:// in the URL of it\n";
constexpr std::size_t kMostPlainBytes = 1u << 20;

// OpenSSL recognizes the methods at the beginning of a request.
bool is_plain_http(const error_code& ec) {
  return ec.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_HTTP_REQUEST;
}

// Without a linger time, closing sends RST and drops what is not sent yet.
void reset_socket(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

// The two classes differ in sending files and in closing; reading and writing are the templates
// above.
class PlainStream : public Stream {
 public:
  explicit PlainStream(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<bool> handshake() override { co_return true; }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer) override {
    return read_from(socket_, buffer);
  }
  asio::awaitable<void> write(asio::const_buffer first, asio::const_buffer second) override {
    return write_to(socket_, first, second);
  }

  // sendfile(2): the bytes go from the page cache to the socket and are not copied into this
  // process.
  asio::awaitable<void> send_file(int fd, std::uint64_t offset, std::uint64_t length,
                                  const std::function<void()>& progress) override {
    // sendfile() is called past Asio, so the descriptor itself must not block: a client that does
    // not read would stop every connection of this io thread.
    socket_.native_non_blocking(true);
    off_t at = static_cast<off_t>(offset);
    while (length > 0) {
      // sendfile() moves `at` itself.
      const ssize_t sent =
          ::sendfile(socket_.native_handle(), fd, &at, std::min<std::uint64_t>(length, kPiece));
      if (sent > 0) {
        length -= static_cast<std::uint64_t>(sent);
        progress();
      } else if (sent == 0) {
        fail(EIO);  // the file is shorter than the Content-Length that was sent already
      } else if (errno == EAGAIN) {
        // The socket's buffer is full. The coroutine waits for the client to read, and the io
        // thread serves other connections meanwhile.
        co_await socket_.async_wait(tcp::socket::wait_write, asio::use_awaitable);
      } else if (errno != EINTR) {
        fail(errno);
      }
    }
  }
  void shutdown_send() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  void reset() override { reset_socket(socket_); }
  bool secure() const override { return false; }

 private:
  tcp::socket socket_;
};

class TlsStream : public Stream {
 public:
  TlsStream(tcp::socket socket, asio::ssl::context& context, std::string local)
      : local_(std::move(local)), stream_(std::move(socket), context) {
    // `local_` is declared before `stream_`, so the text that OpenSSL points to is there when the
    // stream begins and until it ends.
    note_local_address(stream_.native_handle(), local_);
  }

  asio::awaitable<bool> handshake() override {
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
    if (!ec) co_return true;
    if (!is_plain_http(ec)) throw system_error(ec);
    tcp::socket& socket = stream_.next_layer();
    co_await asio::async_write(socket, asio::buffer(kUseTls), asio::use_awaitable);
    shutdown_send();
    // A reset for bytes that were not read could discard the answer (Connection::linger()). The
    // sweeper ends a client that goes on sending.
    std::array<char, 4096> rest{};
    std::size_t read = 1;
    for (std::size_t dropped = 0; read > 0 && dropped < kMostPlainBytes; dropped += read) {
      const std::size_t got = co_await read_from(socket, asio::buffer(rest));
      read = got;
    }
    co_return false;
  }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer) override {
    return read_from(stream_, buffer);
  }
  asio::awaitable<void> write(asio::const_buffer first, asio::const_buffer second) override {
    return write_to(stream_, first, second);
  }
  asio::awaitable<void> send_file(int fd, std::uint64_t offset, std::uint64_t length,
                                  const std::function<void()>& progress) override {
    // TLS encrypts in this process, so the bytes have to pass through it. Eight TLS records of 16
    // KiB, which is the largest record (RFC 8446, 5.1).
    std::vector<char> piece(128u << 10);
    while (length > 0) {
      // Reads on the io thread. The file is read in order, so the kernel has mostly read ahead.
      const ssize_t got = ::pread(fd, piece.data(), std::min<std::uint64_t>(length, piece.size()),
                                  static_cast<off_t>(offset));
      if (got <= 0) fail(got == 0 ? EIO : errno);
      const auto size = static_cast<std::size_t>(got);
      co_await asio::async_write(stream_, asio::buffer(piece.data(), size), asio::use_awaitable);
      offset += size;
      length -= size;
      progress();
    }
  }
  // TLS's own shutdown waits for the other end. The socket's FIN is enough, as `Connection: close`
  // and the length announce the end of the answer.
  void shutdown_send() override {
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
  }
  // Sends no close_notify: a connection that closes here has nothing more to say, and HTTP's
  // framing shows whether its last answer was whole.
  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }
  void reset() override { reset_socket(stream_.next_layer()); }
  bool secure() const override { return true; }

 private:
  const std::string local_;
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> make_tls_stream(tcp::socket socket, asio::ssl::context& context,
                                        std::string local) {
  return std::make_unique<TlsStream>(std::move(socket), context, std::move(local));
}

}  // namespace ecr::server
