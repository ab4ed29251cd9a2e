// The bytes of a connection, plain or TLS. Used by one coroutine at a time, on its io thread.
// Errors are boost::system::system_error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace ecr::server {

namespace asio = boost::asio;

class Stream {
 public:
  virtual ~Stream() = default;
  // False: a client that does not speak TLS has been told so, and the connection is over.
  virtual asio::awaitable<bool> handshake() = 0;
  // 0: the other end sends no more.
  virtual asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer) = 0;
  // Writes both buffers completely.
  virtual asio::awaitable<void> write(asio::const_buffer first, asio::const_buffer second) = 0;
  // Sends a part of a file. `progress` is called after each piece (it moves the deadline).
  virtual asio::awaitable<void> send_file(int fd, std::uint64_t offset, std::uint64_t length,
                                          const std::function<void()>& progress) = 0;
  // Sends no more; the bytes of the other end can still be read.
  virtual void shutdown_send() = 0;
  virtual void close() = 0;
  // Closes so that the other end sees "connection reset by peer".
  virtual void reset() = 0;
  virtual bool secure() const = 0;
};

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket);
// `local`: the address that the client connected to.
std::unique_ptr<Stream> make_tls_stream(asio::ip::tcp::socket socket, asio::ssl::context& context,
                                        std::string local);

}  // namespace ecr::server
