// AWS Signature Version 4: verifies a request, in the Authorization-header and the presigned-query
// form, in the order and with the sentences of AWS. Pure: the time and the key lookup are given.
// Source: AWS General Reference, "Signing AWS API requests"; the check order and messages follow
// captures of AWS's answers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"

namespace ecr::auth {

using HeaderView = std::pair<std::string_view, std::string_view>;  // name in any case, value

// The request as it came on the wire. Views must outlive the call.
struct SignedRequest {
  std::string_view method;
  std::string_view path;   // raw, before '?', not decoded
  std::string_view query;  // raw, after '?', not decoded
  std::span<const HeaderView> headers;
  std::string_view body;  // whole; the payload hash is checked against it
  // The SHA-256 of a body that is still to come, as the request announces it; `body` is not looked
  // at then. REQUIRES: the request is verified again once its body is there.
  std::optional<std::string_view> body_hash = {};
};

enum class SignatureErrorKind {
  kMissingAuthenticationToken,
  kIncompleteSignature,
  kInvalidSignature,    // also: expired, not yet current, wrong scope
  kUnrecognizedClient,  // unknown access key, or a wrong session token
  kExpiredToken
};

struct SignatureError {
  SignatureErrorKind kind;
  std::string message;  // AWS's sentence; never holds a secret or a calculated signature
};

// The error's name as AWS puts it on the wire: AWS JSON 1.1's __type ("InvalidSignatureException")
// and the Query protocol's Code ("SignatureDoesNotMatch").
std::string_view json_type_of(SignatureErrorKind kind);
std::string_view query_type_of(SignatureErrorKind kind);

// The secret that belongs to an access key. The lookup answers nullopt for an inactive key.
struct SigningCredential {
  std::string secret_access_key;
  std::string session_token;  // empty: long-term key
  std::optional<base::TimePoint> expires;
};
using CredentialLookup =
    std::function<std::optional<SigningCredential>(std::string_view access_key_id)>;

// Derived signing keys by (secret, date, region, service); bounded; thread-safe. Only the
// verifier gets a key out of it.
class SigningKeyMemo {
 public:
  explicit SigningKeyMemo(std::size_t capacity = 1024);
  ~SigningKeyMemo();
  model::Sha256 get(std::string_view secret, std::string_view date, std::string_view region,
                    std::string_view service);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SigV4Options {
  base::TimePoint now;  // against which the signature's own time is checked
  // The time at which temporary credentials must not have expired; nullopt: `now`.
  std::optional<base::TimePoint> credentials_now = {};
  std::string_view service;                // "ecr": the scope must name it
  std::optional<std::string_view> region;  // nullopt: any well-formed region is right
  std::chrono::minutes skew{15};           // for ECR, IAM and STS alike
  bool normalize_path = true;              // false: S3's rule
  SigningKeyMemo* signing_keys = nullptr;  // may be null
  // Some AWS services take an X-Amz-Security-Token that was added after signing (AWS's SigV4 test
  // suite: post-sts-header-after). ECR, IAM and STS do not.
  bool token_may_be_unsigned = false;
};

struct VerifiedSignature {
  std::string access_key_id;
  std::string region;  // of the credential scope
  base::TimePoint signed_at;
  bool presigned = false;
};

// Checks, in this order: one form of authentication and not two; algorithm; key=value form; parts
// present (all missing ones reported together); host and every x-amz-* header signed; date format;
// expired; not yet current; scope (all faults together); access key; session token; payload hash;
// signature.
tl::expected<VerifiedSignature, SignatureError> verify_sigv4(const SignedRequest& request,
                                                             const SigV4Options& options,
                                                             const CredentialLookup& lookup);

}  // namespace ecr::auth
