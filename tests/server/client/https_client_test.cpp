#include "server/client/https_client.h"

#include <gtest/gtest.h>

#include "schemas/base/text.h"
#include "tests/server/client/tls_server.h"

namespace ecr::server {
namespace {

std::string with_length(const std::string& body, const std::string& status = "200 OK") {
  return base::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

TEST(HttpsClient, GetsADocumentFromATrustedServer) {
  TlsServer server(with_length("{\"keys\":[]}"));
  HttpsClient client(server.ca_file());
  const auto body = client.get(server.url("/a?b=c"));
  ASSERT_TRUE(body) << body.error();
  EXPECT_EQ(*body, "{\"keys\":[]}");
  EXPECT_TRUE(server.request.starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(HttpsClient, UnderstandsBodiesOfEveryFraming) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde"}) {
    TlsServer server(answer);
    HttpsClient client(server.ca_file());
    EXPECT_EQ(client.get(server.url()).value_or("nothing"), "abcde") << answer;
  }
}

TEST(HttpsClient, TrustsNoCertificateThatIsNotGoodForTheName) {
  TlsServer stranger(with_length("x"));
  HttpsClient client("");
  EXPECT_FALSE(client.get(stranger.url()));
  TlsServer misnamed(with_length("x"), "DNS:other.example");
  HttpsClient trusting(misnamed.ca_file());
  const auto body = trusting.get(misnamed.url());
  ASSERT_FALSE(body);
  EXPECT_NE(body.error().find("certificate"), std::string::npos) << body.error();
}

TEST(HttpsClient, TakesOnlyAWholeAnswerOfBoundedSize) {
  struct Case {
    const char* claim;
    std::string answer;
  };
  const Case cases[] = {
      {"a redirect",
       "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"},
      {"an error", with_length("{}", "404 Not Found")},
      {"too long", with_length(std::string(2000, 'x'))},
      {"too long, in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                                  std::string(2000, 'x') + "\r\n0\r\n\r\n"},
      {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"},
      {"no HTTP", "hello"},
      {"an endless header", "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')},
  };
  for (const Case& one : cases) {
    TlsServer server(one.answer);
    HttpsClient client(server.ca_file(), {.bytes = 1000, .time = std::chrono::seconds(5)});
    EXPECT_FALSE(client.get(server.url())) << one.claim;
  }
}

TEST(HttpsClient, NeedsAnHttpsUrlAndAReadableAuthority) {
  HttpsClient client("");
  for (const char* url : {"http://127.0.0.1/", "https://", "https://u@127.0.0.1/", "file:///etc"}) {
    EXPECT_FALSE(client.get(url)) << url;
  }
  EXPECT_FALSE(client.get("https://127.0.0.1:1/"));  // nothing listens there
  EXPECT_THROW(HttpsClient("/nonexistent.pem"), std::runtime_error);
}

}  // namespace
}  // namespace ecr::server
