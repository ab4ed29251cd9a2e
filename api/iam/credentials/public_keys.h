// Public keys and certificates in the forms in which clients upload them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/openssl.h"

namespace ecr::api::iam {

// An RSA key in both forms, and its fingerprint: MD5 of the key in SSH's binary form, as bytes with
// colons between them.
struct SshPublicKey {
  std::string ssh;  // "ssh-rsa AAAA..."
  std::string pem;  // "-----BEGIN PUBLIC KEY-----..."
  std::string fingerprint;
};

// Throws UnrecognizedPublicKeyEncoding where the text is in neither form, InvalidPublicKey where
// the key is broken, no RSA key, or of less than 2,048 bits.
SshPublicKey read_ssh_public_key(const std::string& text);

// Exactly one certificate, in PEM. Throws MalformedCertificate.
base::openssl::Certificate read_one_certificate(const std::string& pem);
// Throws MalformedCertificate unless the text is one or more certificates in PEM.
void check_certificate_chain(const std::string& pem);
// The key in PEM, not encrypted. Throws MalformedCertificate, as AWS has no error of its own for a
// broken key (inferred); KeyPairMismatch where it is not that of the certificate.
void check_private_key(const std::string& pem, X509* certificate);

base::TimePoint valid_from(X509* certificate);
base::TimePoint valid_until(X509* certificate);
// SHA-1 of the certificate, 20 bytes.
std::string certificate_hash(X509* certificate);

}  // namespace ecr::api::iam
