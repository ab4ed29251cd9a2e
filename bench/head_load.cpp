// HEAD requests over keep-alive connections, one in flight on each, for a given time: wrk waits for
// the body that an answer to HEAD announces and does not have. compare.py compiles and runs it.
//
//   head_load PORT PATH SECONDS CONNECTIONS ["Name: value"...]
// prints "<requests> <seconds> <answers other than 200>".
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_request(int fd, const std::string& request) {
  const auto size = static_cast<ssize_t>(request.size());
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != size) die("send");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  std::string request = std::string("HEAD ") + argv[2] + " HTTP/1.1\r\nHost: 127.0.0.1:" + argv[1];
  for (int i = 5; i < argc; ++i) request += std::string("\r\n") + argv[i];
  request += "\r\n\r\n";
  const std::chrono::duration<double> limit(std::atof(argv[3]));
  const int connections = std::atoi(argv[4]);

  const int poll = ::epoll_create1(0);
  std::vector<std::string> answers(static_cast<std::size_t>(connections));  // as far as received
  std::vector<int> sockets;
  for (int i = 0; i < connections; ++i) {
    sockets.push_back(connect_to(port));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(i);
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets.back(), &event);
  }

  const auto began = Clock::now();
  for (const int fd : sockets) send_request(fd, request);
  unsigned long count = 0;
  unsigned long bad = 0;
  std::chrono::duration<double> took{};
  std::vector<epoll_event> events(sockets.size());
  char buffer[16 << 10];
  while ((took = Clock::now() - began) < limit) {
    const int ready = ::epoll_wait(poll, events.data(), connections, 1000);
    for (int i = 0; i < ready; ++i) {
      const std::size_t which = events[static_cast<std::size_t>(i)].data.u32;
      std::string& answer = answers[which];
      const ssize_t got = ::recv(sockets[which], buffer, sizeof buffer, 0);
      if (got <= 0) die("recv");
      answer.append(buffer, static_cast<std::size_t>(got));
      if (!answer.ends_with("\r\n\r\n")) continue;
      ++count;
      if (!answer.starts_with("HTTP/1.1 200 ")) ++bad;
      answer.clear();
      send_request(sockets[which], request);
    }
  }
  std::printf("%lu %.6f %lu\n", count, took.count(), bad);
}
