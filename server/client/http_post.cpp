#include "server/client/http_post.h"

#include <charconv>
#include <sys/socket.h>

#include "schemas/base/text.h"
#include "server/client/http_get.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Of "HTTP/1.1 200 OK". The rest of the answer is nobody's concern.
std::optional<int> read_status(int fd) {
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
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, 1, '/');
  std::string_view host = parsed.authority;
  if (host.find('@') != std::string_view::npos) return std::nullopt;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    parsed.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  } else {
    parsed.port = "80";
  }
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
