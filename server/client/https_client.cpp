#include "server/client/https_client.h"

#include <optional>

#include <openssl/ssl.h>

#include "schemas/base/text.h"
#include "server/client/http_client.h"
#include "server/client/tls_client.h"
#include "server/net/http_parser.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

using Reason = std::string;
using Clock = std::chrono::steady_clock;

// Headers of identity providers are well below this; the number is a bound and no measure.
constexpr std::size_t kMostHeaderBytes = 16u << 10;
constexpr std::size_t kReadSize = 8192;

// Host, port and target of an https:// URL. Reuses the checks of parse_http_url(): no user name, no
// fragment, nothing that breaks a header.
std::optional<HttpUrl> parse_https_url(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  auto parsed = parse_http_url("http://" + url.substr(kScheme.size()));
  // parse_http_url() fills in port 80 where the URL has none.
  if (parsed && !parsed->authority.ends_with(":" + parsed->port)) parsed->port = "443";
  return parsed;
}

// The body of an answer with status 200.
tl::expected<std::string, Reason> read_body(SSL* ssl, std::size_t most,
                                            Clock::time_point deadline) {
  // The parser refuses a body above the limit as soon as its Content-Length says so, or where the
  // bytes pass it.
  ResponseParser parser(kMostHeaderBytes, most);
  std::string buffer;
  std::string body;
  std::vector<std::string_view> pieces;
  std::optional<std::string> error;
  char piece[kReadSize];
  while (!parser.done()) {
    // The socket limits each read, and this limits all of them together: a server that sends one
    // byte a second does not hold a thread for longer.
    if (Clock::now() >= deadline) return tl::unexpected(Reason("it takes too long"));
    const int got = SSL_read(ssl, piece, sizeof piece);
    if (got <= 0) {
      // Without a length the body ends with the connection. Only TLS's close_notify counts as its
      // end: an attacker can cut a TCP connection, but cannot forge that.
      const bool closed = SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN;
      if (!closed || !parser.end()) return tl::unexpected(Reason("its answer is cut off"));
      break;
    }
    buffer.append(piece, static_cast<std::size_t>(got));
    // A step of the parser may end within the bytes (at the end of the head, or of a chunk), so it
    // is fed until it takes nothing.
    for (std::size_t used = 1; used > 0 && !parser.done();) {
      pieces.clear();
      used = parser.feed(buffer, pieces, error);
      if (error) return tl::unexpected("its answer is refused: " + *error);
      for (const std::string_view each : pieces) body += each;
      buffer.erase(0, used);
    }
  }
  // A redirect is an error as well. Following one would let a document come from a host that the
  // issuer's URL does not name.
  if (parser.status() != 200) return tl::unexpected(base::format("it answers {}", parser.status()));
  return body;
}

}  // namespace

// Keeps OpenSSL out of the header.
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
  // A failure of this call must not stay in OpenSSL's queue, where the thread's next call would
  // take it for its own.
  const base::openssl::ErrorQueue errors;
  const TlsPtr ssl = context_->tls.make();
  // SSL_connect() verifies the certificate against this name, so no byte of the request is sent to
  // another server (HttpsClient.TrustsNoCertificateThatIsNotGoodForTheName).
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
  return read_body(ssl.get(), limits_.bytes, deadline);
}

}  // namespace ecr::server
