#include "server/net/tls_context.h"

#include <stdexcept>

#include <openssl/ssl.h>

#include "schemas/base/text.h"
#include "server/net/server.h"
#include "server/tls/server_certificates.h"

namespace ecr::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// ALPN (RFC 7301): the server speaks HTTP/1.1 only. A client that offers only other protocols (h2)
// still gets a connection, without a protocol chosen.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  // This server's list comes first, although it has a single entry: the server's order decides.
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::unique_ptr<asio::ssl::context> make_context() {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  // TLS 1.0 and 1.1 are deprecated by RFC 8996.
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), select_protocol, nullptr);
  return context;
}

// The slot of a connection in which its local address is kept. Asio uses OpenSSL's application
// slot.
int address_slot() {
  // A static local is made once, and OpenSSL's index is the same for every connection of the
  // process.
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

// OpenSSL calls this within the handshake, when the name that the client asked for (SNI) is known.
// A client that connects to an address sends no name; then the address is the name. 1: go on; 0:
// the handshake fails.
int choose_certificate(SSL* ssl, void* given) {
  auto& certificates = *static_cast<ServerCertificates*>(given);
  try {
    // The text comes from the network. ServerCertificates::get() decides whether it is a name that
    // may stand in a certificate.
    const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const auto* const address =
        static_cast<const std::string*>(SSL_get_ex_data(ssl, address_slot()));
    const std::string name = asked != nullptr ? asked : address != nullptr ? *address : "";
    const auto certificate = certificates.get(name);
    // SSL_use_certificate() takes a reference of its own, so the certificate may leave the memo
    // while the connection lasts.
    return SSL_use_certificate(ssl, certificate.get()) == 1 &&
                   SSL_use_PrivateKey(ssl, certificates.key()) == 1
               ? 1
               : 0;
  } catch (const std::exception&) {
    return 0;  // no exception may pass through OpenSSL's C code
  }
}

}  // namespace

std::unique_ptr<asio::ssl::context> make_tls(const TlsFiles& files) {
  auto context = make_context();
  error_code ec;
  // The files are read at the start. A renewed certificate is used after a restart.
  context->use_certificate_chain_file(files.certificate, ec);
  if (ec) {
    throw std::runtime_error(
        base::format("--tls-cert {}: cannot be used: {}", files.certificate, ec.message()));
  }
  context->use_private_key_file(files.key, asio::ssl::context::pem, ec);
  if (ec) {
    throw std::runtime_error(
        base::format("--tls-key {}: cannot be used: {}", files.key, ec.message()));
  }
  return context;
}

std::unique_ptr<asio::ssl::context> make_tls(ServerCertificates& certificates) {
  auto context = make_context();
  // The callback of certificates rather than that of server names: it also runs where the client
  // sends no name.
  SSL_CTX_set_cert_cb(context->native_handle(), choose_certificate, &certificates);
  return context;
}

void note_local_address(SSL* ssl, const std::string& address) {
  // OpenSSL's slot holds a pointer to void; choose_certificate() reads it as const again.
  SSL_set_ex_data(ssl, address_slot(), const_cast<std::string*>(&address));
}

}  // namespace ecr::server
