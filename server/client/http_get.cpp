#include "server/client/http_get.h"

#include <algorithm>
#include <charconv>
#include <netdb.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

// The Content-Length of a header's lines; nullopt: none.
std::optional<std::size_t> content_length(std::string_view head) {
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

}  // namespace

int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  int fd = -1;
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

std::optional<HttpAnswer> parse_http_answer(std::string_view text) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with(kVersion) || end == std::string_view::npos) return std::nullopt;
  HttpAnswer answer;
  const char* const digits = text.data() + kVersion.size();
  const auto [stop, error] = std::from_chars(digits, text.data() + end, answer.status);
  if (error != std::errc() || stop != digits + 3) return std::nullopt;
  answer.body = text.substr(end + 4);
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
  const ListenAddress server = parse_listen_address(address, "--url");
  const int fd = connect_to(server.host, std::to_string(server.port));
  if (fd < 0) return std::nullopt;
  std::string request = base::format("GET {} HTTP/1.1\r\nHost: {}\r\n", target, address);
  if (!token.empty()) request += base::format("Authorization: Bearer {}\r\n", token);
  request += "Connection: close\r\n\r\n";
  std::string answer;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(request.size())) {
    char buffer[16384];
    for (ssize_t n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  return parse_http_answer(answer);
}

}  // namespace ecr::server
