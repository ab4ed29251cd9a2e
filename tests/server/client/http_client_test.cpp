// The HTTP client, against servers on loopback.
#include "server/client/http_client.h"

#include <fcntl.h>
#include <filesystem>
#include <future>
#include <set>

#include "schemas/base/text.h"
#include "tests/server/client/tls_server.h"

namespace ecr::server {
namespace {

using api::ExchangeHead;
using api::ExchangeRequest;
using api::TransportError;
using base::parse_url;
using std::chrono::milliseconds;

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
  int port() const { return port_; }

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

ExchangeRequest request_to(const std::string& url, bool private_allowed = true) {
  return {*parse_url(url), {{"Accept", "*/*"}}, private_allowed};
}

api::ExchangeAnswer get(HttpClient& client, const std::string& url) {
  ExchangeRequest request = request_to(url);
  request.most_bytes = 10'000'000;
  return api::fetch(client, request);
}

std::string failure(HttpClient& client, const ExchangeRequest& request) {
  try {
    client.exchange(
        request, [](const ExchangeHead&) { return true; }, [](std::string_view) {});
  } catch (const TransportError& error) {
    return error.what();
  }
  return "";
}
std::string failure(HttpClient& client, const std::string& url, bool private_allowed = true) {
  return failure(client, request_to(url, private_allowed));
}

TEST(HttpClient, ReadsBodiesOfEveryFraming) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nx-y: z\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Y: z\r\nConnection: close\r\n\r\nabcde",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-Y: z\r\n\r\nabcde"}) {
    const PlainServer plain(answer);
    const TlsServer tls(answer);
    HttpClient client(tls.ca_file(), {});
    for (const std::string& url : {plain.url(), tls.url()}) {
      const auto got = get(client, url);
      EXPECT_EQ(got.head.status, 200);
      EXPECT_EQ(got.head.header("x-y"), "z");
      EXPECT_EQ(got.body, "abcde") << answer;
    }
  }
}

TEST(HttpClient, AsksAsItIsTold) {
  TlsServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  HttpClient client(server.ca_file(), {});
  get(client, server.url("/a?b=c"));
  EXPECT_TRUE(server.request.starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_TRUE(server.request.ends_with("Accept: */*\r\nConnection: close\r\n\r\n"));
  ExchangeRequest post = request_to(server.url());
  post.method = "POST";
  EXPECT_EQ(failure(client, post), "");
  EXPECT_TRUE(server.request.starts_with("POST /keys HTTP/1.1\r\n"));
  EXPECT_NE(server.request.find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST(HttpClient, ReadsALargeBody) {
  std::string body(3'000'000, 'x');
  body[1'234'567] = 'y';
  const PlainServer server(
      base::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  HttpClient client("", {});
  EXPECT_TRUE(get(client, server.url()).body == body);
}

TEST(HttpClient, SpeaksTlsToServersThatItTrusts) {
  const TlsServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  HttpClient trusting(server.ca_file(), {});
  EXPECT_EQ(get(trusting, server.url()).body, "ok");
  HttpClient strict("", {});
  EXPECT_NE(failure(strict, server.url()).find("certificate"), std::string::npos);
  const TlsServer misnamed("HTTP/1.1 200 OK\r\n\r\n", "DNS:other.example");
  HttpClient misled(misnamed.ca_file(), {});
  EXPECT_NE(failure(misled, misnamed.url()).find("certificate"), std::string::npos);
  EXPECT_THROW(HttpClient("/nonexistent.pem", {}), std::runtime_error);
}

TEST(HttpClient, ConnectsToNoAddressThatIsNotPublic) {
  const PlainServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  HttpClient client("", {});
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]",
                           "169.254.169.254", "[::1]", "0"}) {
    const std::string reason = failure(client, server.url(host), false);
    EXPECT_NE(reason.find("not public"), std::string::npos) << host << ": " << reason;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, TakesOnlyWholeAnswers) {
  for (const std::string answer :
       {"hello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nX"}) {
    const PlainServer server(answer);
    HttpClient client("", {});
    EXPECT_NE(failure(client, server.url()), "") << answer;
  }
  HttpClient client("", {});
  EXPECT_NE(failure(client, "http://127.0.0.1:1/"), "");
}

TEST(HttpClient, TakesNoMoreThanItsLimits) {
  const PlainServer endless("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'));
  HttpClient client("", {});
  EXPECT_NE(failure(client, endless.url()), "");
  for (const std::string& answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'),
        "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x'),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') +
            "\r\n0\r\n\r\n"}) {
    const PlainServer server(answer);
    ExchangeRequest request = request_to(server.url());
    request.most_bytes = 2000;
    EXPECT_EQ(failure(client, request), "");
    request.most_bytes = 1999;
    EXPECT_NE(failure(client, request), "") << answer.substr(0, 60);
  }
}

TEST(HttpClient, WaitsNotForEver) {
  const PlainServer silent("");
  HttpClient hasty("", {.progress = milliseconds(200)});
  EXPECT_NE(failure(hasty, silent.url()).find("too long"), std::string::npos);
  HttpClient patient("", {});
  ExchangeRequest request = request_to(silent.url());
  request.total = milliseconds(200);
  EXPECT_NE(failure(patient, request).find("too long"), std::string::npos);
  std::stop_source stop;
  request.total = std::nullopt;
  request.stop = stop.get_token();
  auto reason = std::async(std::launch::async, [&] { return failure(patient, request); });
  while (silent.connections() < 3) std::this_thread::yield();
  stop.request_stop();
  EXPECT_NE(reason.get().find("stopping"), std::string::npos);
  EXPECT_NE(failure(patient, request).find("stopping"), std::string::npos);
}

// Bytes that come without a pause, and never end, are no progress that counts for the total.
TEST(HttpClient, TheTotalLimitHoldsWhileBytesCome) {
  const PlainServer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(50'000'000, 'x'));
  HttpClient client("", {.total = milliseconds(300)});
  std::string reason;
  try {
    client.exchange(
        request_to(server.url()), [](const ExchangeHead&) { return true; },
        [](std::string_view) { std::this_thread::sleep_for(milliseconds(50)); });
  } catch (const TransportError& error) {
    reason = error.what();
  }
  EXPECT_NE(reason.find("too long"), std::string::npos) << reason;
}

// A scanner that is started meanwhile must not inherit the connection.
TEST(HttpClient, ItsSocketsCloseOnExec) {
  const PlainServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const auto descriptors = [] {
    std::set<int> open;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      open.insert(std::stoi(entry.path().filename()));
    }
    return open;
  };
  HttpClient client("", {});
  int checked = 0;
  client.exchange(
      request_to(server.url()),
      [&](const ExchangeHead&) {
        for (const int fd : descriptors()) {
          sockaddr_in peer{};
          socklen_t size = sizeof peer;
          if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
          if (ntohs(peer.sin_port) != server.port()) continue;
          EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
          ++checked;
        }
        return false;
      },
      [](std::string_view) {});
  EXPECT_EQ(checked, 1);
}

}  // namespace
}  // namespace ecr::server
