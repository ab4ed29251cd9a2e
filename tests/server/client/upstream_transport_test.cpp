// HTTP to upstream registries, against servers on loopback.
#include "server/client/upstream_transport.h"

#include <future>

#include "schemas/base/text.h"
#include "tests/server/client/tls_server.h"

namespace ecr::server {
namespace {

using api::pull_through::ExchangeHead;
using api::pull_through::ExchangeRequest;
using api::pull_through::parse_url;
using api::pull_through::UpstreamError;

// Sends `answer` to each connection, byte for byte; empty: accepts and says nothing.
class PlainServer {
 public:
  explicit PlainServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~PlainServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    for (const int fd : silent_) close(fd);
  }
  std::string url(const std::string& host = "127.0.0.1") const {
    return base::format("http://{}:{}/v2/", host, port_);
  }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      if (answer_.empty()) {
        silent_.push_back(fd);
        continue;
      }
      char buffer[4096];
      EXPECT_GT(recv(fd, buffer, sizeof buffer, 0), 0);
      send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      close(fd);
    }
  }

  const std::string answer_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::vector<int> silent_;
  std::thread thread_;
};

struct Got {
  ExchangeHead head;
  std::string body;
};

Got get(UpstreamTransport& transport, const std::string& url, bool private_allowed = true) {
  Got got;
  transport.get(
      {*parse_url(url), {{"Accept", "*/*"}}, private_allowed},
      [&got](const ExchangeHead& head) {
        got.head = head;
        return true;
      },
      [&got](std::string_view bytes) { got.body += bytes; });
  return got;
}

std::string failure(UpstreamTransport& transport, const std::string& url,
                    bool private_allowed = true) {
  try {
    get(transport, url, private_allowed);
  } catch (const UpstreamError& error) {
    return error.what();
  }
  return "";
}

TEST(UpstreamTransport, ReadsBodiesOfEveryFraming) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nx-y: z\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-Y: z\r\n\r\nabcde"}) {
    const PlainServer server(answer);
    UpstreamTransport transport("", {});
    const Got got = get(transport, server.url());
    EXPECT_EQ(got.head.status, 200);
    EXPECT_EQ(got.head.header("x-y"), "z");
    EXPECT_EQ(got.body, "abcde") << answer;
  }
}

TEST(UpstreamTransport, ReadsALargeBody) {
  std::string body(3'000'000, 'x');
  body[1'234'567] = 'y';
  const PlainServer server(
      base::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  UpstreamTransport transport("", {});
  EXPECT_TRUE(get(transport, server.url()).body == body);
}

TEST(UpstreamTransport, SpeaksTlsToWhomItTrusts) {
  const TlsServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  UpstreamTransport trusting(server.ca_file(), {});
  EXPECT_EQ(get(trusting, server.url()).body, "ok");
  UpstreamTransport strict("", {});
  EXPECT_NE(failure(strict, server.url()).find("certificate"), std::string::npos);
}

TEST(UpstreamTransport, ConnectsToNoAddressThatIsNotPublic) {
  const PlainServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  UpstreamTransport transport("", {});
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]",
                           "169.254.169.254", "[::1]", "0"}) {
    const std::string reason = failure(transport, server.url(host), false);
    EXPECT_NE(reason.find("not public"), std::string::npos) << host << ": " << reason;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(UpstreamTransport, TakesOnlyWholeAnswers) {
  for (const std::string answer :
       {"hello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nX"}) {
    const PlainServer server(answer);
    UpstreamTransport transport("", {});
    EXPECT_NE(failure(transport, server.url()), "") << answer;
  }
  const PlainServer endless("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'));
  UpstreamTransport transport("", {});
  EXPECT_NE(failure(transport, endless.url()), "");
  EXPECT_NE(failure(transport, "http://127.0.0.1:1/"), "");
}

TEST(UpstreamTransport, WaitsNotForEver) {
  const PlainServer silent("");
  UpstreamTransport hasty("", {.progress = std::chrono::milliseconds(200)});
  EXPECT_NE(failure(hasty, silent.url()).find("too long"), std::string::npos);
  UpstreamTransport patient("", {});
  auto reason = std::async(std::launch::async, [&] { return failure(patient, silent.url()); });
  while (silent.connections() < 2) std::this_thread::yield();
  patient.stop();
  EXPECT_NE(reason.get().find("stopping"), std::string::npos);
}

}  // namespace
}  // namespace ecr::server
