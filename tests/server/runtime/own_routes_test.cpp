// The paths by which the server answers about itself.
#include "server/runtime/own_routes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/runtime/listen_address.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

using Json = nlohmann::json;

class OwnRoutesTest : public ::testing::Test {
 protected:
  // Status and body; the status is 0 where the path is not one of these.
  std::pair<int, std::string> send(const std::string& method, const std::string& path,
                                   const std::string& body = {},
                                   const std::string& peer = "127.0.0.1") {
    api::admin::AdminRoutes routes(settings_);
    routes.add(own_routes({settings_, random_, faults_,
                           [] { return std::vector<std::string>{"ecr:PutImage"}; }, ca_}));
    api::HttpRequest request;
    request.method = method;
    request.target = path;
    request.body = body;
    request.peer = peer;
    const std::vector<api::HeaderView> headers{{"Host", host_}};
    request.headers = api::HeaderList(headers);
    if (!routes.has(path)) return {0, ""};
    const auto response = routes.handle(request);
    return {response.status, std::get<std::string>(response.body)};
  }

  api::Settings settings_;
  SystemRandom random_;
  FaultRules faults_;
  std::string ca_;
  std::string host_ = "localhost:4599";
};

TEST_F(OwnRoutesTest, FaultsAreForAdministratorsAlone) {
  const std::string path = "/_ecr-local/faults";
  const std::string rule = R"({"kind": "error"})";
  EXPECT_EQ(send("PUT", path, rule, "203.0.113.9").first, 403);
  host_ = "evil.test";
  EXPECT_EQ(send("PUT", path, rule).first, 403);
  host_ = "localhost";
  EXPECT_FALSE(faults_.any());
  EXPECT_EQ(send("PUT", path, rule).first, 200);
  EXPECT_TRUE(faults_.any());
  settings_.admin_token = "hush";
  EXPECT_EQ(send("DELETE", path).first, 403);
}

TEST_F(OwnRoutesTest, FaultsAreReplacedAddedAndCleared) {
  const std::string path = "/_ecr-local/faults";
  const auto count = [&](const std::string& method, const std::string& body = {}) {
    const auto [status, text] = send(method, path, body);
    EXPECT_EQ(status, 200) << text;
    return Json::parse(text)["rules"].size();
  };
  EXPECT_EQ(count("GET"), 0u);
  EXPECT_EQ(count("PUT", R"({"rules": [{"kind": "error"}, {"kind": "reset"}]})"), 2u);
  EXPECT_EQ(count("POST", R"({"kind": "throttle"})"), 3u);
  EXPECT_EQ(count("PUT", R"({"kind": "throttle"})"), 1u);
  EXPECT_EQ(send("PUT", path, R"({"kind": "slow"})").first, 400);
  EXPECT_EQ(count("GET"), 1u);
  EXPECT_EQ(count("DELETE"), 0u);
  EXPECT_EQ(send("PATCH", path).first, 405);
}

TEST_F(OwnRoutesTest, TheAuthorityIsOpenWhereThereIsOne) {
  EXPECT_EQ(send("GET", "/_ecr-local/ca").first, 404);
  ca_ = "pem";
  settings_.admin_token = "hush";
  EXPECT_EQ(send("GET", "/_ecr-local/ca", "", "203.0.113.9"),
            (std::pair<int, std::string>(200, "pem")));
  EXPECT_EQ(send("HEAD", "/_ecr-local/ca"), (std::pair<int, std::string>(200, "")));
  EXPECT_EQ(send("PUT", "/_ecr-local/ca").first, 405);
}

TEST_F(OwnRoutesTest, LocalStacksHealthCheckIsAnswered) {
  settings_.version = "1.2.3";
  const auto [status, body] = send("GET", "/_localstack/health", "", "203.0.113.9");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(Json::parse(body)["services"]["ecr"], "running");
  EXPECT_EQ(Json::parse(body)["version"], "1.2.3");
  EXPECT_EQ(send("GET", "/_localstack/info").first, 0);
}

TEST(PortOwner, IsTheProcessThatListens) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);
  EXPECT_TRUE(port_owner(port).starts_with("process " + std::to_string(getpid()) + " ("));
  close(fd);
  EXPECT_EQ(port_owner(port), "");
}

}  // namespace
}  // namespace ecr::server
