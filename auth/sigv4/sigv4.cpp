#include "auth/sigv4/sigv4.h"

#include <algorithm>
#include <array>

#include "auth/sigv4/canonical_request.h"
#include "auth/sigv4/parse.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::auth {
namespace {

using base::TimePoint;
using Unexpected = tl::unexpected<SignatureError>;
template <class T>
using Checked = tl::expected<T, SignatureError>;

Unexpected invalid(std::string message) {
  return Unexpected({SignatureErrorKind::kInvalidSignature, std::move(message)});
}

// One sentence for every disagreement between the calculation and the request, a changed body
// included: more would help someone who tries signatures.
Unexpected mismatch() {
  return invalid(
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

Unexpected unrecognized() {
  return Unexpected({SignatureErrorKind::kUnrecognizedClient,
                     "The security token included in the request is invalid."});
}

// AWS wants host and every x-amz-* header of the request to be signed ("Create a signed AWS API
// request", canonical headers): an intermediary may change what is not signed. The sentences are
// those of scratchstack's model of AWS.
Checked<void> check_signed_headers(const AuthParts& parts, const HeaderIndex& headers,
                                   bool token_may_be_unsigned) {
  std::vector<std::string_view> names = parts.signed_headers;
  // A copy, sorted for the search alone. canonical_request() refuses a list that came unsorted.
  if (!std::is_sorted(names.begin(), names.end())) std::sort(names.begin(), names.end());
  const auto is_signed = [&names](std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  // ":authority" is HTTP/2's name of Host. AWS's sentence lists it; over HTTP/1.1 no request has
  // such a header, so its signature fails later.
  if (!is_signed("host") && !is_signed(":authority")) {
    return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  // The headers are sorted, so that all x-amz-* ones are side by side.
  const auto sorted = headers.sorted();
  const auto first = std::lower_bound(sorted.begin(), sorted.end(), std::string_view("x-amz-"),
                                      [](const HeaderView* h, std::string_view prefix) {
                                        return header_name_less(h->first, prefix);
                                      });
  for (auto header = first; header != sorted.end(); ++header) {
    const std::string name = base::to_lower((*header)->first);
    if (!name.starts_with("x-amz-")) break;
    if (is_signed(name) || (token_may_be_unsigned && name == "x-amz-security-token")) continue;
    return invalid(base::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name));
  }
  return {};
}

// X-Amz-Date is in ISO 8601's basic form. A Date header may be in HTTP's own form, and some clients
// (botocore) write its "GMT" as "-0000".
std::optional<TimePoint> parse_date(std::string_view text, bool may_be_http) {
  const auto basic = base::parse_basic(text);
  if (basic || !may_be_http) return basic;
  if (text.ends_with(" -0000") || text.ends_with(" +0000")) {
    return base::parse_http_date(std::string(text.substr(0, text.size() - 5)).append("GMT"));
  }
  return base::parse_http_date(text);
}

std::string duration_text(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  return seconds % 60 == 0 ? base::format("{} min", seconds / 60) : base::format("{} sec", seconds);
}

// ECR allows 15 minutes in both directions (captured sentences say "15 min."). A signature exactly
// at a bound is still good. The time is cut to whole seconds before the comparison, so that the
// sentence shows the very times that were compared.
Checked<void> check_time(TimePoint signed_at, const AuthParts& parts, const SigV4Options& options) {
  const TimePoint now = std::chrono::floor<std::chrono::seconds>(options.now);
  // A presigned request without X-Amz-Expires lives as long as a signed one, as with STS.
  const std::chrono::seconds window = parts.expires.value_or(options.skew);
  if (signed_at < now - window) {
    return invalid(base::format("Signature expired: {} is now earlier than {} ({} - {}.)",
                                base::format_basic(signed_at), base::format_basic(now - window),
                                base::format_basic(now), duration_text(window)));
  }
  if (signed_at > now + options.skew) {
    return invalid(base::format("Signature not yet current: {} is still later than {} ({} + {}.)",
                                base::format_basic(signed_at),
                                base::format_basic(now + options.skew), base::format_basic(now),
                                duration_text(options.skew)));
  }
  return {};
}

struct Scope {
  std::string_view access_key_id, date, region, service, terminator;
  std::string_view text;  // all but the access key id
};

// The credential has exactly five parts, as an access key id has no slash.
Checked<Scope> split_credential(std::string_view credential) {
  std::array<std::string_view, 5> parts;
  std::size_t count = 0;
  for (std::size_t at = 0; at <= credential.size(); ++count) {
    const std::size_t end = std::min(credential.find('/', at), credential.size());
    if (count < parts.size()) parts[count] = credential.substr(at, end - at);
    at = end + 1;
  }
  if (count != parts.size()) {
    return Unexpected({SignatureErrorKind::kIncompleteSignature,
                       base::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                                    "keyid/date/region/service/term, got '{}'",
                                    credential)});
  }
  return Scope{parts[0], parts[1], parts[2],
               parts[3], parts[4], credential.substr(parts[0].size() + 1)};
}

// "us-east-1", "us-gov-west-1", "us-isob-east-1": words of letters and digits, the last of them a
// number. Only the form is checked, because in this program every region exists as soon as a
// request names it.
bool is_region_name(std::string_view text) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == text.size()) return false;
  const std::string_view number = text.substr(dash + 1);
  return text.size() <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find("--") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) { return c == '-' || alnum(c); }) &&
         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// AWS reports all faults of the scope in one message, joined by spaces (captured; test:
// AllScopeFaultsAreReportedTogether).
Checked<void> check_scope(const Scope& scope, TimePoint signed_at, const SigV4Options& options) {
  std::string faults;
  const auto add = [&faults](const std::string& fault) {
    if (!faults.empty()) faults.push_back(' ');
    faults.append(fault);
  };
  if (options.region ? scope.region != *options.region : !is_region_name(scope.region)) {
    add(base::format("Credential should be scoped to a valid region, not '{}'.", scope.region));
  }
  if (scope.service != options.service) {
    add(base::format("Credential should be scoped to correct service: '{}'.", options.service));
  }
  if (scope.terminator != kTerminator) {
    add(base::format(
        "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'.",
        scope.terminator));
  }
  const std::string timestamp = base::format_basic(signed_at);
  const std::string_view date = std::string_view(timestamp).substr(0, 8);
  // The signing key is derived from the date of the scope. If it could differ from the date of the
  // request, a key of one day would sign for others.
  if (scope.date != date) {
    add(
        base::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                     "date from HTTP: '{}' != '{}', from '{}'.",
                     scope.date, date, timestamp));
  }
  if (!faults.empty()) return invalid(std::move(faults));
  return {};
}

// An unknown key and a wrong session token get the same sentence, so that the answer does not tell
// which keys exist. That a key has expired is told only to a client that has the right token.
Checked<SigningCredential> find_credential(const Scope& scope, const AuthParts& parts,
                                           const SigV4Options& options,
                                           const CredentialLookup& lookup) {
  auto credential = lookup(scope.access_key_id);
  if (!credential) return unrecognized();
  // Both are empty for a long-term key. A token that comes with a long-term key is wrong too.
  if (!model::constant_time_equal(credential->session_token, parts.session_token)) {
    return unrecognized();
  }
  if (credential->expires &&
      *credential->expires <= options.credentials_now.value_or(options.now)) {
    return Unexpected({SignatureErrorKind::kExpiredToken,
                       "The security token included in the request is expired"});
  }
  return std::move(*credential);
}

// Whether the signature fits one of the accepted canonical forms. The comparison takes constant
// time, and it is of text: hexadecimal digits in upper case are refused.
bool signature_matches(CanonicalInput input, const AuthParts& parts, std::string_view timestamp,
                       std::string_view scope, const model::Sha256& key, bool token_optional) {
  const auto matches = [&] {
    const auto canonical = canonical_request(input);
    if (!canonical) return false;
    const auto mac = model::hmac_sha256(key, string_to_sign(timestamp, scope, *canonical));
    return model::constant_time_equal(base::to_hex(mac), parts.signature);
  };
  if (matches()) return true;
  if (input.query.empty()) return false;
  // botocore signs the query as it is written where AWS's rule would write it otherwise. Either
  // form stands for the same names and values, so accepting both opens nothing.
  input.query_form = QueryForm::kAsWritten;
  if (matches()) return true;
  // The third form is for presigned requests whose token was added after signing, which only the
  // services that set token_may_be_unsigned allow.
  input.query_form = QueryForm::kNormalized;
  input.omit_token = true;
  return token_optional && parts.presigned && matches();
}

// AWS JSON 1.1 and the Query protocol name the same fault differently (AWS General Reference,
// "Common errors"; the JSON names are captured from ECR).
struct ErrorNames {
  std::string_view json, query;
};

ErrorNames names_of(SignatureErrorKind kind) {
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

// The order of the checks is AWS's as far as it can be seen from outside (scratchstack's model of
// it; test: TheFirstFaultInTheOrderOfChecksIsTold). No check that needs a secret comes before the
// scope is known to be right. The verifier keeps no state: a request that is sent again within its
// window is accepted, as by AWS.
tl::expected<VerifiedSignature, SignatureError> verify_sigv4(const SignedRequest& request,
                                                             const SigV4Options& options,
                                                             const CredentialLookup& lookup) {
  const HeaderIndex headers(request.headers);
  const auto parts = parse_auth(request, headers);
  if (!parts) return Unexpected(parts.error());
  if (auto ok = check_signed_headers(*parts, headers, options.token_may_be_unsigned); !ok) {
    return Unexpected(std::move(ok.error()));
  }
  const auto signed_at = parse_date(parts->date, parts->date_is_http);
  if (!signed_at) {
    return Unexpected({SignatureErrorKind::kIncompleteSignature,
                       base::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                                    "http://en.wikipedia.org/wiki/ISO_8601",
                                    parts->date)});
  }
  if (auto ok = check_time(*signed_at, *parts, options); !ok) {
    return Unexpected(std::move(ok.error()));
  }
  const auto scope = split_credential(parts->credential);
  if (!scope) return Unexpected(scope.error());
  if (auto ok = check_scope(*scope, *signed_at, options); !ok) {
    return Unexpected(std::move(ok.error()));
  }
  const auto credential = find_credential(*scope, *parts, options, lookup);
  if (!credential) return Unexpected(credential.error());

  // UNSIGNED-PAYLOAD and STREAMING-… belong to S3. Here they are a hash that no body has. Neither
  // side of this comparison is secret. Without the header, a changed body still fails in the
  // signature, which covers the hash of the body that arrived.
  const std::string payload_hash = request.body_hash ? std::string(*request.body_hash)
                                                     : base::to_hex(model::sha256(request.body));
  if (parts->payload_hash && *parts->payload_hash != payload_hash) return mismatch();
  const std::string& secret = credential->secret_access_key;
  const model::Sha256 key =
      options.signing_keys != nullptr
          ? options.signing_keys->get(secret, scope->date, scope->region, scope->service)
          : derive_signing_key(secret, scope->date, scope->region, scope->service);
  const CanonicalInput canonical{
      request.method,        request.path, request.query,         headers,
      parts->signed_headers, payload_hash, options.normalize_path};
  if (!signature_matches(canonical, *parts, base::format_basic(*signed_at), scope->text, key,
                         options.token_may_be_unsigned)) {
    return mismatch();
  }
  return VerifiedSignature{std::string(scope->access_key_id), std::string(scope->region),
                           *signed_at, parts->presigned};
}

}  // namespace ecr::auth
