#include "server/client/tls_client.h"

#include <arpa/inet.h>
#include <stdexcept>

#include <openssl/x509v3.h>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

TlsClientContext::TlsClientContext(const std::string& ca_file) {
  // Read at once, so that a wrong file stops the start of the server and not the first pull.
  if (ca_file.empty()) return;
  const base::openssl::ErrorQueue errors;
  begin();
  if (SSL_CTX_load_verify_file(context_.get(), ca_file.c_str()) != 1) {
    throw std::runtime_error(ca_file + ": holds no PEM certificate that can be read");
  }
}

void TlsClientContext::begin() {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) throw std::runtime_error("OpenSSL has no TLS");
  // TLS 1.0 and 1.1 are deprecated by RFC 8996.
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  // Without this a client of OpenSSL goes on after a certificate that it does not trust.
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
}

TlsPtr TlsClientContext::make() {
  const base::openssl::ErrorQueue errors;
  // Many threads make connections. The flag makes the others wait until the one that came first has
  // read the authorities.
  std::call_once(system_, [this] {
    if (!context_) begin();
    SSL_CTX_set_default_verify_paths(context_.get());
  });
  return TlsPtr(SSL_new(context_.get()));
}

// A certificate names addresses in another field than host names, and SNI carries no addresses
// (RFC 6066, 3).
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

// The verdict on the certificate says more than OpenSSL's error, which is the same for every
// certificate that fails.
std::string handshake_failure(SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return base::format("its certificate is not trusted: {}",
                        X509_verify_cert_error_string(verdict));
  }
  return "there is no TLS with it";
}

}  // namespace ecr::server
