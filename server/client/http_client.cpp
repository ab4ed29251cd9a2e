#include "server/client/http_client.h"

#include <algorithm>
#include <charconv>
#include <netdb.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "server/runtime/listen_address.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

// The Content-Length of a header's lines; nullopt: none. Names of fields have no case (RFC 9110,
// 5.1), and spaces may follow the colon.
std::optional<std::size_t> content_length(std::string_view head) {
  // Names of fields have no case (RFC 9110, 5.1), and any white space may follow the colon.
  constexpr std::string_view kName = "content-length:";
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    std::string_view line = head.substr(0, end);
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 2);
    if (line.size() < kName.size()) continue;
    if (!base::equals_ignore_case(line.substr(0, kName.size()), kName)) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' ', kName.size()), line.size()));
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), length);
    if (error == std::errc()) return length;
  }
  return std::nullopt;
}

// The status of "HTTP/1.1 200 OK"; the rest of the answer is not read.
std::optional<int> read_status(int fd) {
  // The length of "HTTP/1.1 200". A webhook's answer counts by its status, so its body, which may
  // be of any size, is never read.
  constexpr std::size_t kStatusEnd = 12;
  std::string text;
  char buffer[512];
  while (text.size() < kStatusEnd) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return std::nullopt;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  if (!text.starts_with("HTTP/1.")) return std::nullopt;
  int status = 0;
  const char* const end = text.data() + kStatusEnd;
  const auto [stop, error] = std::from_chars(text.data() + 9, end, status);
  if (error != std::errc() || stop != end) return std::nullopt;
  return status;
}

// No spaces and no control characters: the text becomes a request line and a Host header, where a
// line break would begin another header.
bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

std::optional<HttpUrl> parse_http_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme) || !is_printable(url)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.find('#') != std::string_view::npos) return std::nullopt;
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  HttpUrl parsed;
  parsed.authority = url.substr(0, end);
  parsed.target = url.substr(end);
  // "http://host?query" has an empty path, which a request line cannot have (RFC 9112, 3.2.1).
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, 1, '/');
  std::string_view host = parsed.authority;
  // "user@host": the user name would be logged, and "http://known.example@other.example/" misleads.
  if (host.find('@') != std::string_view::npos) return std::nullopt;
  // A colon inside of brackets belongs to an IPv6 address.
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    parsed.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  } else {
    parsed.port = "80";
  }
  // Checked here, because getaddrinfo() also takes names of services and numbers that are too
  // large.
  int number = 0;
  const auto [stop, error] =
      std::from_chars(parsed.port.data(), parsed.port.data() + parsed.port.size(), number);
  if (error != std::errc() || stop != parsed.port.data() + parsed.port.size() || number < 1 ||
      number > 65535) {
    return std::nullopt;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return std::nullopt;
  parsed.host = host;
  return parsed;
}

// The limits hold for each wait, not for the whole: an answer that comes slowly but steadily may
// take longer. SO_SNDTIMEO also ends a connect() that nothing answers (socket(7)).
int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  int fd = -1;
  // All addresses are tried: "localhost" has an IPv6 and an IPv4 address, and a server may listen
  // on one of them.
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, 0);
    const timeval limit{3, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  return fd;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: a closed connection is an error here, and no SIGPIPE.
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The callers ask servers that the user named, so the size of the answer has no limit here.
std::string receive_all(int fd) {
  std::string text;
  char buffer[16384];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

std::optional<HttpAnswer> parse_http_answer(std::string_view text) {
  // Only HTTP/1.1 is taken, which is the version that this program's servers speak.
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with(kVersion) || end == std::string_view::npos) return std::nullopt;
  HttpAnswer answer;
  const char* const digits = text.data() + kVersion.size();
  const auto [stop, error] = std::from_chars(digits, text.data() + end, answer.status);
  // Three digits (RFC 9112, 4).
  if (error != std::errc() || stop != digits + 3) return std::nullopt;
  answer.body = text.substr(end + 4);
  // The client sends "Connection: close", so the body is all that came. A length that differs shows
  // an answer that was cut off.
  if (content_length(text.substr(0, end)).value_or(answer.body.size()) != answer.body.size()) {
    return std::nullopt;
  }
  return answer;
}

std::optional<HttpAnswer> http_get(const std::string& url, std::string_view target,
                                   std::string_view token) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) throw std::runtime_error("--url " + url + ": must begin http://");
  const std::string address =
      url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
  // --url takes what the ready line prints, so the address is read as --listen reads its own.
  const ListenAddress server = parse_listen_address(address, "--url");
  const storage::Fd fd(connect_to(server.host, std::to_string(server.port)));
  if (!fd) return std::nullopt;
  std::string request = base::format("GET {} HTTP/1.1\r\nHost: {}\r\n", target, address);
  if (!token.empty()) request += base::format("Authorization: Bearer {}\r\n", token);
  request += "Connection: close\r\n\r\n";
  if (!send_all(fd.get(), request)) return std::nullopt;
  return parse_http_answer(receive_all(fd.get()));
}

// The body and its head are two writes: an event may be large, and is not copied for the sake of
// one packet.
std::optional<int> http_post(const HttpUrl& url, std::string_view content_type,
                             std::string_view body) {
  const storage::Fd fd(connect_to(url.host, url.port));
  if (!fd) return std::nullopt;
  const std::string head = base::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ecr-local\r\nContent-Type: {}\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n",
      url.target, url.authority, content_type, body.size());
  if (!send_all(fd.get(), head) || !send_all(fd.get(), body)) return std::nullopt;
  return read_status(fd.get());
}

}  // namespace ecr::server
