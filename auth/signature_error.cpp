#include "auth/sigv4.h"

namespace ecr::auth {
namespace {

struct Names {
  std::string_view json, query;
};

Names names_of(SignatureErrorKind kind) {
  switch (kind) {
    case SignatureErrorKind::kMissingAuthenticationToken:
      return {"MissingAuthenticationTokenException", "MissingAuthenticationToken"};
    case SignatureErrorKind::kIncompleteSignature:
      return {"IncompleteSignatureException", "IncompleteSignature"};
    case SignatureErrorKind::kUnrecognizedClient:
      return {"UnrecognizedClientException", "InvalidClientTokenId"};
    case SignatureErrorKind::kExpiredToken:
      return {"ExpiredTokenException", "ExpiredToken"};
    case SignatureErrorKind::kInvalidSignature:
      break;
  }
  return {"InvalidSignatureException", "SignatureDoesNotMatch"};
}

}  // namespace

std::string_view json_type_of(SignatureErrorKind kind) { return names_of(kind).json; }
std::string_view query_type_of(SignatureErrorKind kind) { return names_of(kind).query; }

}  // namespace ecr::auth
