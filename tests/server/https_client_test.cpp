#include "server/https_client.h"

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ecr::server {
namespace {

// A TLS server on loopback with a certificate of its own; each connection gets `answer`.
class TlsServer {
 public:
  explicit TlsServer(std::string answer, const char* names = "IP:127.0.0.1,DNS:localhost")
      : answer_(std::move(answer)) {
    make_certificate(names);
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
  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    SSL_CTX_free(context_);
    std::filesystem::remove(ca_file_);
  }

  std::string url(const std::string& path = "/keys") const {
    return fmt::format("https://127.0.0.1:{}{}", port_, path);
  }
  const std::string& ca_file() const { return ca_file_; }
  std::string request;  // the last one; valid once get() has returned

 private:
  void make_certificate(const char* names) {
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "prime256v1");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    for (const auto& [nid, value] : {std::pair{NID_subject_alt_name, names},
                                     std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    char path[] = "/tmp/ecr-local-ca-XXXXXX";
    const int fd = mkstemp(path);
    FILE* file = fdopen(fd, "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    ca_file_ = path;
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void serve() {
    for (;;) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) {
        char buffer[4096];
        const int got = SSL_read(ssl, buffer, sizeof buffer);
        request.assign(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
        SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
        SSL_shutdown(ssl);
      }
      SSL_free(ssl);
      close(fd);
    }
  }

  const std::string answer_;
  SSL_CTX* context_ = nullptr;
  std::string ca_file_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string with_length(const std::string& body, const std::string& status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
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
