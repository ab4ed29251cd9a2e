#include "api/core/access/failure_log.h"

#include <algorithm>

#include "api/core/access/decision_log.h"
#include "api/core/services.h"
#include "api/core/wire/error.h"
#include "auth/jwt.h"
#include "schemas/base/encoding.h"

namespace ecr::api {
namespace {

// Longer texts of a client are cut: what is kept must not grow with what strangers send.
constexpr std::size_t kMostText = 300;
constexpr std::size_t kMostAudiences = 5;
// A longer form has no token that could be read (auth/jwt.h), and strangers send it.
constexpr std::size_t kMostForm = 64u << 10;

std::string cut(std::string_view text) {
  text = text.substr(0, kMostText);
  return std::string(text.substr(0, base::utf8_prefix(text)));
}

bool is_of_authentication(ErrorCode code) {
  switch (code) {
    case ErrorCode::kExpiredToken:
    case ErrorCode::kIncompleteSignature:
    case ErrorCode::kInvalidSignature:
    case ErrorCode::kMissingAuthenticationToken:
    case ErrorCode::kUnrecognizedClient:
    case ErrorCode::kInvalidIdentityToken:
    case ErrorCode::kExpiredIdentityToken:
    case ErrorCode::kIdpRejectedClaim:
    case ErrorCode::kIdpCommunicationError:
      return true;
    default:
      return false;
  }
}

// The text behind `name` up to one of the characters that end a value.
std::string_view value_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + name.size());
  return text.substr(0, text.find_first_of(",& \t"));
}

std::string_view next_part(std::string_view& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view part = text.substr(0, slash);
  text.remove_prefix(std::min(slash + 1, text.size()));
  return part;
}

// "keyid/date/region/service/aws4_request" of the header or of a presigned query.
void read_signature(const HttpRequest& request, AuthenticationFailure& failure) {
  std::string scope(value_behind(request.headers.get("authorization"), "Credential="));
  if (scope.empty()) {
    const std::string_view query = value_behind(request.query(), "X-Amz-Credential=");
    scope = base::percent_decode(query.substr(0, kMostText)).value_or("");
  }
  std::string_view rest = scope;
  failure.access_key_id = cut(next_part(rest));
  next_part(rest);
  failure.signed_region = cut(next_part(rest));
  failure.signed_service = cut(next_part(rest));
  failure.has_session_token =
      request.headers.find("x-amz-security-token").has_value() ||
      request.query().find("X-Amz-Security-Token=") != std::string_view::npos;
}

// A file that a shell wrote ends in a newline, and some editors put a byte order mark in front.
std::string fault_of(std::string_view token, const std::string& found) {
  constexpr std::string_view kSpace = " \t\r\n";
  if (token.empty()) return "it is empty";
  if (token.starts_with("\xEF\xBB\xBF")) return "it begins with a byte order mark";
  if (kSpace.find(token.back()) != std::string_view::npos) {
    return token.back() == '\n' ? "it ends in a newline" : "it ends in white space";
  }
  if (kSpace.find(token.front()) != std::string_view::npos) return "it begins with white space";
  if (token.find_first_of(kSpace) != std::string_view::npos) return "there is white space in it";
  if (token.starts_with("\"")) return "it is in quotation marks";
  return found;
}

RefusedToken read_token(std::string_view token) {
  RefusedToken refused;
  const auto parsed = auth::parse_jwt(token);
  if (!parsed) {
    refused.fault = cut(fault_of(token, parsed.error()));
    return refused;
  }
  const auth::JwtClaims& claims = parsed->claims;
  refused.issuer = cut(claims.issuer);
  refused.subject = cut(claims.subject);
  if (claims.authorized_party) {
    refused.audiences.push_back(cut(*claims.authorized_party));
  } else {
    for (const std::string& audience : claims.audiences) {
      if (refused.audiences.size() == kMostAudiences) break;
      refused.audiences.push_back(cut(audience));
    }
  }
  refused.key_id = cut(parsed->key_id.value_or(""));
  refused.expires = claims.expires;
  return refused;
}

// The form is read again, as this error ended the request before or after anything was decoded.
void read_web_identity(const HttpRequest& request, AuthenticationFailure& failure) {
  const std::string_view text =
      request.body.empty() ? request.query() : std::string_view(request.body);
  if (text.size() > kMostForm) return;
  const auto form = base::parse_form(text, true);
  if (!form) return;
  std::string role;
  for (const auto& [name, value] : *form) {
    if (name == "WebIdentityToken") failure.web_identity = read_token(value);
    if (name == "RoleArn") role = cut(value);
  }
  if (failure.web_identity) failure.web_identity->role = std::move(role);
}

AuthenticationFailure describe_failure(const Services& services, const HttpRequest& request,
                                       const ApiError& error) {
  AuthenticationFailure failure;
  failure.request_id = request.id;
  failure.time = services.clock.now();
  failure.machine_time = services.machine_clock.now();
  failure.code = error.code();
  failure.message = cut(error.message());
  failure.method = cut(request.method) + " " + cut(request.path());
  failure.host = cut(request.host());
  return failure;
}

// "AWS:<token>", of which the token is opened whether or not it has expired.
void read_basic(const Services& services, const HttpRequest& request,
                AuthenticationFailure& failure) {
  const std::string_view header = request.headers.get("authorization");
  constexpr std::string_view kScheme = "basic ";
  if (!base::equals_ignore_case(header.substr(0, kScheme.size()), kScheme)) return;
  const auto decoded = base::base64_decode(header.substr(kScheme.size()));
  if (!decoded) return;
  failure.has_basic_credentials = true;
  const std::size_t colon = decoded->find(':');
  failure.user_name = cut(std::string_view(*decoded).substr(0, colon));
  if (colon == std::string::npos) return;
  const auto claims = services.tokens.open(decoded->substr(colon + 1), base::TimePoint::min());
  if (!claims) return;
  failure.access_key_id = claims->access_key_id;
  failure.token_issued = claims->issued;
  failure.token_expires = claims->expires;
  failure.token_region = claims->region;
}

// The form of the ids that IAM and STS make. What does not have it may be a secret that was written
// into the wrong place, and stays out of the log (integration/test_observability.py,
// test_no_secret_leaves_the_server).
bool is_key_id(std::string_view text) {
  const bool prefixed = text.starts_with("AKIA") || text.starts_with("ASIA");
  return prefixed && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// AWS's texts do not name the key.
std::string for_the_log(const AuthenticationFailure& failure) {
  if (failure.web_identity && !failure.web_identity->fault.empty()) {
    return "the token is no JWT: " + failure.web_identity->fault;
  }
  return is_key_id(failure.access_key_id) ? "access key " + failure.access_key_id : "";
}

// "docker login" stores a user name and a password; ECR's answer is the same for both. Neither is
// quoted: some people write the password first.
std::string wrong_half(const AuthenticationFailure& failure) {
  if (!failure.has_basic_credentials) return "the request has no user name and password";
  if (failure.user_name != "AWS") {
    return "the user name is not AWS";
  }
  return "the password is no token of this server (aws ecr get-login-password prints one)";
}

}  // namespace

void FailureLog::record(AuthenticationFailure failure) {
  const std::lock_guard lock(mutex_);
  failure.sequence = next_++;
  failures_.push_back(std::move(failure));
  if (failures_.size() > capacity_) failures_.pop_front();
}

std::vector<AuthenticationFailure> FailureLog::read_back(std::size_t limit,
                                                         const Filter& filter) const {
  std::vector<AuthenticationFailure> found;
  const std::lock_guard lock(mutex_);
  for (auto at = failures_.rbegin(); at != failures_.rend() && found.size() < limit; ++at) {
    if (!filter || filter(*at)) found.push_back(*at);
  }
  return found;
}

std::string note_failure(const Services& services, const HttpRequest& request,
                         const ApiError& error) {
  if (!is_of_authentication(error.code())) return "";
  AuthenticationFailure failure = describe_failure(services, request, error);
  read_signature(request, failure);
  if (failure.access_key_id.empty()) read_web_identity(request, failure);
  std::string more = for_the_log(failure);
  services.failures.record(std::move(failure));
  return more;
}

ApiError noted_registry_failure(const Services& services, const HttpRequest& request,
                                ApiError error) {
  AuthenticationFailure failure = describe_failure(services, request, error);
  failure.registry = true;
  read_basic(services, request, failure);
  if (error.code() == ErrorCode::kUnauthorized) error = {error.code(), wrong_half(failure)};
  services.failures.record(std::move(failure));
  return error;
}

}  // namespace ecr::api
