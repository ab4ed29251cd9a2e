// `ecr-local healthcheck`: one request to a running server, for container images without curl.
#include <netdb.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "server/commands.h"

namespace ecr::server {
namespace {

// A connected socket, or -1.
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

}  // namespace

int run_healthcheck(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) throw std::runtime_error("--url " + url + ": must begin http://");
  const std::string address =
      url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
  const ListenAddress target = parse_listen_address(address, "--url");
  const int fd = connect_to(target.host, std::to_string(target.port));
  if (fd < 0) {
    fmt::print(stderr, "ecr-local: nothing answers on {}\n", url);
    return 1;
  }
  const std::string request = fmt::format(
      "GET /_ecr-local/health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", address);
  std::string answer;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char buffer[4096];
    for (ssize_t n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  const bool healthy = answer.starts_with("HTTP/1.1 200 ");
  fmt::print("{}\n", healthy ? "healthy" : "not healthy");
  return healthy ? 0 : 1;
}

}  // namespace ecr::server
