// Makes the TLS contexts of the listeners.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

namespace ecr::server {

class ServerCertificates;
struct TlsFiles;

// Throws std::runtime_error, naming the flag and the file.
std::unique_ptr<boost::asio::ssl::context> make_tls(const TlsFiles& files);
// Makes certificates for the names that clients ask for. `certificates` outlives the context.
std::unique_ptr<boost::asio::ssl::context> make_tls(ServerCertificates& certificates);

// Notes the address that the client connected to, which is the name that it expects when it sends
// none. REQUIRES: `address` outlives the handshake.
void note_local_address(SSL* ssl, const std::string& address);

}  // namespace ecr::server
