// TLS as a client: a context that verifies certificates, and the steps of a handshake.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <openssl/ssl.h>

#include "schemas/base/openssl.h"

namespace ecr::server {

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using TlsPtr = std::unique_ptr<SSL, FreeTls>;

// TLS 1.2 at least, the server's certificate verified. Thread-safe.
class TlsClientContext {
 public:
  // `ca_file`: PEM file of certificate authorities to be trusted besides the system's; empty: none.
  // Throws std::runtime_error where it cannot be read.
  explicit TlsClientContext(const std::string& ca_file);

  // Null when OpenSSL failed. The first call prepares TLS and reads the system's authorities, which
  // takes a while and is not needed at the start of the program.
  TlsPtr make();

 private:
  void begin();

  std::unique_ptr<SSL_CTX, FreeTls> context_;
  std::once_flag system_;
};

// Makes the handshake fail when the certificate is not valid for this host, a name or an address.
// False: OpenSSL refuses the name.
bool expect_host(SSL* ssl, const std::string& host);

// The reason for which SSL_connect() failed.
std::string handshake_failure(SSL* ssl);

}  // namespace ecr::server
