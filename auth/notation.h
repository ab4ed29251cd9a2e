// Signatures of images in the JWS envelope of the Notary Project, which AWS Signer writes too, and
// the key that makes them. Only OpenSSL's own randomness is used besides the arguments. Thread-safe
// (no state).
// Source: notaryproject/specifications, "signature-specification", "JWS Signature envelope".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"

namespace ecr::auth {

// PEM.
struct SigningIdentity {
  std::string private_key;  // PKCS #8, a P-256 key
  std::string certificate;  // self-signed, for code signing
};

// A new one; the certificate is good for ten years from a day before `now`. Throws
// std::runtime_error where OpenSSL fails.
SigningIdentity make_signing_identity(base::TimePoint now);

// The artifact that is signed, as an OCI descriptor.
struct SignedArtifact {
  std::string media_type;
  std::string digest;
  std::int64_t size = 0;
};

// The envelope's JSON (application/jose+json). Throws std::runtime_error as above.
std::string notation_envelope(const SigningIdentity& identity, const SignedArtifact& artifact,
                              base::TimePoint now);

// SHA-256 of the certificate's DER, in hex: the annotation by which verifiers choose.
std::string certificate_thumbprint(std::string_view certificate);

}  // namespace ecr::auth
