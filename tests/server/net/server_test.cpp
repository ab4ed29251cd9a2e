// The server on a real loopback socket.
#include "server/net/server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "api/admin/admin_plane.h"
#include "api/core/access/decision_log.h"
#include "api/core/access/failure_log.h"
#include "api/core/access/policy_memo.h"
#include "api/core/background/event_log.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/encoding.h"
#include "server/runtime/access_log.h"
#include "server/runtime/app.h"
#include "server/runtime/metrics.h"
#include "server/runtime/system.h"
#include "tests/schemas/model/names.h"

namespace ecr::server {
namespace {

// A client of raw bytes.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { close(fd_); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // the server has hung up: the test sees it in what it reads
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // One response: head and body.
  std::string receive() {
    while (pending_.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return std::exchange(pending_, {});
    }
    const std::size_t head = pending_.find("\r\n\r\n") + 4;
    std::size_t length = 0;
    if (const auto at = pending_.find("Content-Length: "); at < head) {
      length = std::stoul(pending_.substr(at + 16));
    }
    while (pending_.size() < head + length && more()) {
    }
    std::string response = pending_.substr(0, head + length);
    pending_.erase(0, head + length);
    return response;
  }
  // Everything until the server closes.
  std::string receive_all() {
    while (more()) {
    }
    return std::exchange(pending_, {});
  }

 private:
  bool more() {
    char buffer[4096];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  int fd_;
  std::string pending_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest()
      : store_(storage::Store::open({.directory = "", .in_memory = true}, random_)),
        tokens_(store_->key(), random_),
        events_(*store_, random_),
        services_{{settings_, *store_, clock_, clock_, random_, policies_, decisions_, failures_,
                   job_signal_, events_},
                  tokens_,
                  signing_keys_},
        control_(services_, {api::ecr::make_api()}),
        registry_(services_),
        jobs_(services_, {}),
        baseline_(services_, "", ""),
        admin_(services_, control_, movable_, jobs_, baseline_),
        app_(control_, registry_, admin_.routes()),
        log_(LogFormat::kOff, 2) {}
  ~ServerTest() override { stop(); }

  void start(Timeouts timeouts = {}) {
    Server::Options options;
    options.listen = {{"127.0.0.1", 0, false, false}};
    options.timeouts = timeouts;
    options.grace = std::chrono::seconds(3);
    server_ = std::make_unique<Server>(options, app_, log_, clock_, random_);
    const std::string address = server_->addresses().front();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }
  // "Basic ..." of the default root user, with a repository "app" to work on.
  std::string credentials() {
    storage::sql::Txn txn = store_->database().begin(storage::sql::Access::kWrite);
    storage::insert_repository(
        txn, {{settings_.account, settings_.region}, model::test::name_of("app")});
    txn.commit();
    const auto now = clock_.now();
    return "Basic " +
           base::base64_encode("AWS:" + tokens_.seal({"test", settings_.account, settings_.region,
                                                      now, now + std::chrono::hours(12)}));
  }

  SystemClock clock_;
  base::MovableClock movable_{clock_};
  SystemRandom random_;
  api::Settings settings_;
  std::unique_ptr<storage::Store> store_;
  auth::RegistryTokenCodec tokens_;
  auth::SigningKeyMemo signing_keys_;
  api::PolicyMemo policies_;
  api::DecisionLog decisions_;
  api::FailureLog failures_;
  api::EventLog events_;
  api::JobSignal job_signal_;
  api::Services services_;
  api::ControlPlane control_;
  api::registry::RegistryPlane registry_;
  api::JobRunner jobs_;
  api::admin::Baseline baseline_;
  api::admin::AdminPlane admin_;
  App app_;
  AccessLog log_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

// docker's first try at every registry, and what it falls back from when the answer is HTTP.
TEST_F(ServerTest, TlsAtAPlainPortIsAnsweredInHttpAndSaidOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    AccessLog log(LogFormat::kText, ends[1]);
    Server::Options options;
    options.listen = {{"127.0.0.1", 0, false, false}};
    Server server(options, app_, log, clock_, random_);
    const std::string address = server.addresses().front();
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    std::thread thread([&server] { server.run(); });
    for (int i = 0; i < 3; ++i) {
      Client client(port);
      client.send(std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10));
      const std::string answer = client.receive();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
      EXPECT_NE(answer.find("use http://"), std::string::npos) << answer;
    }
    server.stop();
    thread.join();
  }
  close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read(ends[0], text.data(), 4096), 0)));
  close(ends[0]);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("speaks TLS to a port for HTTP"), std::string::npos) << text;
  EXPECT_EQ(text.find("error="), std::string::npos) << text;
}

TEST_F(ServerTest, AVisitorOfTheRootReadsWhatIsHere) {
  start();
  Client client(port_);
  client.send("GET / HTTP/1.1\r\nHost: localhost:4599\r\n\r\n");
  const std::string text = client.receive();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
  EXPECT_NE(text.find("aws --endpoint-url http://localhost:4599 "), std::string::npos) << text;
  // A call of AWS's Query protocol is one, also as GET.
  client.send("GET /?Action=GetUser&Version=2010-05-08 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(client.receive().starts_with("HTTP/1.1 200 "));
}

constexpr std::string_view kHealth = "GET /_ecr-local/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(ServerTest, KeepsAConnectionAndAnswersInOrder) {
  start();
  Client client(port_);
  client.send(std::string(kHealth) + "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n" +
              std::string(kHealth));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200 OK"));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 401 Unauthorized"));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, ASmuggledRequestIsNeverRead) {
  start();
  Client client(port_);
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n" +
              std::string(kHealth));
  const std::string all = client.receive_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400"));
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << all;
}

TEST_F(ServerTest, ARefusedUploadIsAnsweredBeforeItsBody) {
  start();
  Client client(port_);
  client.send(
      "PUT /v2/app/blobs/uploads/x?digest=y HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 10000000000\r\n\r\n");
  const std::string response = client.receive();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 401")) << response;
  EXPECT_NE(response.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, ASmallRefusedBodyIsDrainedAndTheConnectionGoesOn) {
  start();
  Client client(port_);
  client.send("PUT /v2/app/manifests/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n" +
              std::string("hello") + std::string(kHealth));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, ContinueIsSentWhereTheBodyIsWanted) {
  start();
  const std::string basic = credentials();
  Client client(port_);
  const std::string digest = model::Digest::of("hello").text();
  client.send("POST /v2/app/blobs/uploads/?digest=" + digest +
              " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic +
              "\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 201"));
}

TEST_F(ServerTest, ALargeChunkedBlobGoesInAndOut) {
  start();
  const std::string basic = credentials();
  std::string blob(3'000'000, '\0');
  for (std::size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<char>(i * 31 >> 3);
  const std::string digest = model::Digest::of(blob).text();
  Client client(port_);
  client.send("POST /v2/app/blobs/uploads/?digest=" + digest +
              " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic +
              "\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t at = 0; at < blob.size();) {
    const std::string piece = blob.substr(at, 1 + (at * 7919) % 70'000);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    client.send(size + piece + "\r\n");
    at += piece.size();
  }
  client.send("0\r\n\r\n" + std::string(kHealth));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 201"));
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 200"));
  client.send("GET /v2/app/blobs/" + digest +
              " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic + "\r\n\r\n");
  const std::string response = client.receive();
  EXPECT_TRUE(response.ends_with(blob));
}

TEST_F(ServerTest, BodiesAboveTheLimitAreRefused) {
  start();
  Client client(port_);
  client.send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: a.b\r\n"
      "Content-Length: 2000000\r\n\r\n");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, ASlowHeaderEndsAtItsDeadline) {
  Timeouts timeouts;
  timeouts.header = std::chrono::seconds(1);
  start(timeouts);
  Client client(port_);
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, AnIdleConnectionEndsAtItsDeadline) {
  Timeouts timeouts;
  timeouts.idle = std::chrono::seconds(1);
  start(timeouts);
  Client client(port_);
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, ABodyThatStopsComingEndsAtItsDeadline) {
  Timeouts timeouts;
  timeouts.progress = std::chrono::seconds(1);
  start(timeouts);
  const std::string basic = credentials();
  for (const std::string& head :
       {std::string("POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: a.b\r\n"),
        "POST /v2/app/blobs/uploads/?digest=" + model::Digest::of("hello").text() +
            " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic + "\r\n"}) {
    Client client(port_);
    client.send(head + "Content-Length: 5\r\n\r\nhel");
    EXPECT_EQ(client.receive_all(), "");
  }
}

TEST_F(ServerTest, StoppingClosesIdleConnectionsAtOnce) {
  start();
  Client client(port_);
  client.send(kHealth);
  client.receive();
  const auto before = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, StoppingFinishesWhatRuns) {
  start();
  const std::string basic = credentials();
  Client client(port_);
  const std::string digest = model::Digest::of("hello").text();
  client.send("POST /v2/app/blobs/uploads/?digest=" + digest +
              " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic +
              "\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 100"));
  std::thread stopper([this] { stop(); });
  client.send("hello");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 201"));
  stopper.join();
}

TEST_F(ServerTest, APortInUseIsSaidSo) {
  start();
  Server::Options options;
  options.listen = {{"127.0.0.1", port_, false, false}};
  try {
    Server second(options, app_, log_, clock_, random_);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("another process uses the port"), std::string::npos);
  }
}

}  // namespace
}  // namespace ecr::server
