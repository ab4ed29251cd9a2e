#include "server/client/https_client.h"

#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <openssl/ssl.h>

#include "schemas/base/text.h"
#include "server/client/http_get.h"
#include "server/client/http_post.h"
#include "server/client/tls_client.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

namespace http = boost::beast::http;
using Reason = std::string;
using Clock = std::chrono::steady_clock;
using HttpsParser = http::response_parser<http::string_body>;

constexpr std::uint32_t kMostHeaderBytes = 16u << 10;
constexpr std::size_t kReadSize = 8192;

// Host, port and target of an https:// URL.
std::optional<HttpUrl> parse_https_url(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  auto parsed = parse_http_url("http://" + url.substr(kScheme.size()));
  if (parsed && !parsed->authority.ends_with(":" + parsed->port)) parsed->port = "443";
  return parsed;
}

tl::expected<std::string, Reason> read_body(SSL* ssl, HttpsParser& parser,
                                            Clock::time_point deadline) {
  std::string buffer;
  char piece[kReadSize];
  boost::beast::error_code error;
  while (!parser.is_done()) {
    if (Clock::now() >= deadline) return tl::unexpected(Reason("it takes too long"));
    const int got = SSL_read(ssl, piece, sizeof piece);
    if (got <= 0) {
      // Without a length the body ends with the connection.
      if (SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN) parser.put_eof(error);
      if (!parser.is_done() || error) return tl::unexpected(Reason("its answer is cut off"));
      break;
    }
    buffer.append(piece, static_cast<std::size_t>(got));
    const std::size_t used = parser.put(boost::asio::buffer(buffer), error);
    buffer.erase(0, used);
    if (error && error != http::error::need_more) {
      return tl::unexpected("its answer is refused: " + error.message());
    }
  }
  const unsigned status = parser.get().result_int();
  if (status != 200) return tl::unexpected(base::format("it answers {}", status));
  return std::move(parser.get().body());
}

}  // namespace

struct HttpsClient::Context {
  explicit Context(const std::string& ca_file) : tls(ca_file) {}
  TlsClientContext tls;
};

HttpsClient::HttpsClient(const std::string& ca_file, Limits limits)
    : context_(std::make_unique<Context>(ca_file)), limits_(limits) {}

HttpsClient::~HttpsClient() = default;

tl::expected<std::string, std::string> HttpsClient::get(const std::string& url) {
  const auto parsed = parse_https_url(url);
  if (!parsed) return tl::unexpected(Reason("it is not an https:// URL"));
  const auto deadline = Clock::now() + limits_.time;
  const storage::Fd fd(connect_to(parsed->host, parsed->port));
  if (!fd) return tl::unexpected(Reason("nothing answers there"));
  const base::openssl::ErrorQueue errors;
  const TlsPtr ssl = context_->tls.make();
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1 || !expect_host(ssl.get(), parsed->host)) {
    return tl::unexpected(Reason("there is no TLS"));
  }
  if (SSL_connect(ssl.get()) != 1) return tl::unexpected(handshake_failure(ssl.get()));
  const std::string head = base::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ecr-local\r\nAccept: application/json\r\n"
      "Connection: close\r\n\r\n",
      parsed->target, parsed->authority);
  if (SSL_write(ssl.get(), head.data(), static_cast<int>(head.size())) <= 0) {
    return tl::unexpected(Reason("it takes no request"));
  }
  HttpsParser parser;
  parser.body_limit(limits_.bytes);
  parser.header_limit(kMostHeaderBytes);
  parser.eager(true);
  return read_body(ssl.get(), parser, deadline);
}

}  // namespace ecr::server
