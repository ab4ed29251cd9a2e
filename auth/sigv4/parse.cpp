#include "auth/sigv4/parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::auth {
namespace {

using Unexpected = tl::unexpected<SignatureError>;

Unexpected incomplete(std::string message) {
  return Unexpected({SignatureErrorKind::kIncompleteSignature, std::move(message)});
}

Unexpected missing_token() {
  return Unexpected(
      {SignatureErrorKind::kMissingAuthenticationToken, "Missing Authentication Token"});
}

// Also AWS4-ECDSA-P256-SHA256 (SigV4A): its signatures are of multi-Region services, and none of
// the three services here is one.
Unexpected unsupported_algorithm(std::string_view algorithm) {
  return incomplete(base::format("Unsupported AWS 'algorithm': '{}'.", algorithm));
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Keeps empty parts: an empty name in SignedHeaders must make the signature fail, not disappear.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  parts.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), separator)) + 1);
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// The parameters of the query form, in the order of kQueryNames.
enum QueryName : std::size_t {
  kQueryAlgorithm,
  kQueryCredential,
  kQueryDate,
  kQueryExpires,
  kQuerySignedHeaders,
  kQuerySignature,
  kQueryToken,
  kQueryPayloadHash,
  kQueryNameCount
};
constexpr std::array<std::string_view, kQueryNameCount> kQueryNames{
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token", "X-Amz-Content-Sha256"};

// The parameters of a presigned request, as far as the query has them.
struct QueryAuth {
  std::array<std::optional<std::string_view>, kQueryNameCount> values;
  bool any = false;  // the query has credentials, even if incomplete
};

bool has_amz_prefix(std::string_view name) {
  return name.size() >= 6 && base::equals_ignore_case(name.substr(0, 6), "x-amz-");
}

// Finds the X-Amz- parameters; `decoded` gets their names and values. A repeated parameter is
// refused, also where the two differ in case: the verifier and the code that reads the query later
// must see the same value.
tl::expected<QueryAuth, SignatureError> find_query_auth(std::string_view query,
                                                        std::vector<char>& decoded) {
  QueryAuth auth;
  if (query.empty()) return auth;
  decoded.reserve(query.size());  // decoding never lengthens: views into it stay valid
  std::vector<std::string_view> seen;
  for (std::size_t at = 0; at <= query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view item = query.substr(at, end - at);
    at = end + 1;
    // Only a name that may decode to "X-Amz-…" is decoded. It starts with 'X', 'x' or an escape.
    if (item.empty() || (item[0] != 'X' && item[0] != 'x' && item[0] != '%')) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    const auto append = [&decoded](std::string_view text) {
      const std::size_t begin = decoded.size();
      append_decoded(decoded, text);
      return std::string_view(decoded.data() + begin, decoded.size() - begin);
    };
    const std::string_view name = append(item.substr(0, equals));
    if (!has_amz_prefix(name)) continue;
    seen.push_back(name);
    // AWS's names are case-sensitive: "x-amz-date" is no parameter of the signature. It counted for
    // the check for repeats all the same.
    const auto known = std::find(kQueryNames.begin(), kQueryNames.end(), name);
    if (known == kQueryNames.end()) continue;
    const auto index = static_cast<std::size_t>(known - kQueryNames.begin());
    auth.values[index] =
        append(equals < item.size() ? item.substr(equals + 1) : item.substr(equals));
    // X-Amz-Date or X-Amz-Security-Token alone do not make a presigned request.
    auth.any |= index == kQueryAlgorithm || index == kQueryCredential || index == kQuerySignature;
  }
  std::sort(seen.begin(), seen.end(), header_name_less);
  const auto twice = std::adjacent_find(
      seen.begin(), seen.end(), [](auto a, auto b) { return base::equals_ignore_case(a, b); });
  if (twice != seen.end()) {
    return incomplete(
        base::format("AWS query-string parameter '{}' must not be repeated.", *twice));
  }
  return auth;
}

// The parameters after the algorithm in the Authorization header.
struct HeaderParameters {
  std::optional<std::string_view> credential, signed_headers, signature;
};

// "Credential=..., SignedHeaders=..., Signature=...", separated by commas, with or without spaces:
// SDKs differ. Unknown parameters are ignored. Repeated ones are refused, because another reader
// might take the other value.
tl::expected<HeaderParameters, SignatureError> parse_parameters(std::string_view text,
                                                                std::string_view header) {
  HeaderParameters parameters;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view item = trim(text.substr(at, end - at));
    at = end + 1;
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return incomplete(base::format(
          "'{}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'",
          item, header));
    }
    const std::string_view name = item.substr(0, equals);
    auto* part = name == "Credential"      ? &parameters.credential
                 : name == "SignedHeaders" ? &parameters.signed_headers
                 : name == "Signature"     ? &parameters.signature
                                           : nullptr;
    if (part == nullptr) continue;
    if (part->has_value()) {
      return incomplete(
          base::format("Authorization header must not repeat the '{}' parameter.", name));
    }
    *part = item.substr(equals + 1);
  }
  return parameters;
}

// The value of a header that may stand once at most (parse_auth checked it), trimmed.
std::optional<std::string_view> single(const HeaderIndex& headers, std::string_view name) {
  const auto found = headers.find(name);
  if (found.empty()) return std::nullopt;
  return trim(found.front()->second);
}

// All missing parts are reported in one message (captured; test:
// AllMissingPartsAreReportedTogether). X-Amz-Date counts before Date, because HTTP libraries and
// proxies may rewrite Date.
tl::expected<AuthParts, SignatureError> parse_header_form(std::string_view authorization,
                                                          const HeaderIndex& headers) {
  const std::size_t space = std::min(authorization.find(' '), authorization.size());
  const std::string_view algorithm = authorization.substr(0, space);
  if (algorithm != kAlgorithm) return unsupported_algorithm(algorithm);
  const auto parameters = parse_parameters(authorization.substr(space), authorization);
  if (!parameters) return tl::unexpected(parameters.error());

  const auto amz_date = single(headers, "x-amz-date");
  const auto date = amz_date ? amz_date : single(headers, "date");
  std::string missing;
  const auto require = [&missing](bool present, std::string_view sentence) {
    if (!present) missing.append(sentence).push_back(' ');
  };
  require(parameters->credential.has_value(),
          "Authorization header requires 'Credential' parameter.");
  require(parameters->signature.has_value(),
          "Authorization header requires 'Signature' parameter.");
  require(parameters->signed_headers.has_value(),
          "Authorization header requires 'SignedHeaders' parameter.");
  require(date.has_value(),
          "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  // AWS ends the sentence with the header's value. Only its first word is repeated here: the rest
  // may hold a secret.
  if (!missing.empty()) return incomplete(base::format("{}Authorization={}", missing, algorithm));

  AuthParts parts;
  parts.credential = *parameters->credential;
  parts.signed_headers = split(*parameters->signed_headers, ';');
  parts.signature = *parameters->signature;
  parts.date = *date;
  parts.date_is_http = !amz_date;
  parts.session_token = single(headers, "x-amz-security-token").value_or("");
  parts.payload_hash = single(headers, "x-amz-content-sha256");
  return parts;
}

// The bounds and AWS's sentences for them: Amazon S3 API Reference, "Authenticating requests: using
// query parameters". The other services document none of their own.
tl::expected<std::chrono::seconds, SignatureError> parse_expires(std::string_view text) {
  constexpr long long kWeek = 604800;
  long long seconds = 0;
  // A number beyond 64 bits is read to its end as well: it is refused below as more than a week,
  // not as something that is no number.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = end == text.data() + text.size() && !text.empty();
  if (error == std::errc::invalid_argument || !whole) {
    return incomplete("X-Amz-Expires should be a number");
  }
  if (text.front() == '-') return incomplete("X-Amz-Expires must be non-negative");
  if (error == std::errc::result_out_of_range || seconds > kWeek) {
    return incomplete(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be less than 604800 seconds");
  }
  if (seconds == 0) return incomplete("X-Amz-Expires must be at least 1 second");
  return std::chrono::seconds(seconds);
}

// The form of a presigned request. Its token and payload hash may be in the query or in headers;
// the query counts first.
tl::expected<AuthParts, SignatureError> parse_query_form(const QueryAuth& query,
                                                         const HeaderIndex& headers) {
  const auto& values = query.values;
  // Inferred: without the algorithm AWS does not take the request for a presigned one.
  if (!values[kQueryAlgorithm]) return missing_token();
  if (*values[kQueryAlgorithm] != kAlgorithm)
    return unsupported_algorithm(*values[kQueryAlgorithm]);

  std::string missing;
  for (const auto index : {kQueryCredential, kQuerySignature, kQuerySignedHeaders, kQueryDate}) {
    if (values[index]) continue;
    missing += base::format("AWS query-string parameters must include '{}'. ", kQueryNames[index]);
  }
  if (!missing.empty()) return incomplete(missing + "Re-examine the query-string parameters.");

  AuthParts parts;
  parts.presigned = true;
  parts.credential = *values[kQueryCredential];
  parts.signed_headers = split(*values[kQuerySignedHeaders], ';');
  parts.signature = *values[kQuerySignature];
  parts.date = *values[kQueryDate];
  const auto either = [&](QueryName index, std::string_view header) {
    return values[index] ? values[index] : single(headers, header);
  };
  parts.session_token = either(kQueryToken, "x-amz-security-token").value_or("");
  parts.payload_hash = either(kQueryPayloadHash, "x-amz-content-sha256");
  if (values[kQueryExpires]) {
    const auto expires = parse_expires(*values[kQueryExpires]);
    if (!expires) return tl::unexpected(expires.error());
    parts.expires = *expires;
  }
  return parts;
}

}  // namespace

tl::expected<AuthParts, SignatureError> parse_auth(const SignedRequest& request,
                                                   const HeaderIndex& headers) {
  for (const std::string_view name : {"authorization", "date", "host", "x-amz-content-sha256",
                                      "x-amz-date", "x-amz-security-token"}) {
    // If a header came twice, one could be signed and the other obeyed.
    if (headers.find(name).size() > 1) {
      return incomplete(base::format("The header '{}' must not be repeated.", name));
    }
  }
  std::vector<char> decoded;
  const auto query = find_query_auth(request.query, decoded);
  if (!query) return tl::unexpected(query.error());
  // An empty Authorization header counts as none.
  const std::string_view authorization = single(headers, "authorization").value_or("");
  if (authorization.empty() && !query->any) return missing_token();
  // With two sets of credentials, one could be verified and the other believed.
  if (!authorization.empty() && query->any) {
    return incomplete(
        "Only one authentication mechanism is allowed: the Authorization header or the "
        "X-Amz-Algorithm query parameter, not both.");
  }
  auto parts =
      query->any ? parse_query_form(*query, headers) : parse_header_form(authorization, headers);
  // The views in `parts` stay valid: a vector that is moved keeps its buffer.
  if (parts) parts->decoded = std::move(decoded);
  return parts;
}

}  // namespace ecr::auth
