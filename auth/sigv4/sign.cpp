#include "auth/sigv4/sign.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "auth/sigv4/canonical_request.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::auth {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The names of the signed headers: lower case, sorted, each once. As SDKs do, headers that proxies
// and HTTP libraries add or change are left out.
std::vector<std::string> names_to_sign(const Headers& headers) {
  constexpr std::array<std::string_view, 7> kUnsigned{
      "authorization", "connection",      "content-length",   "expect",
      "user-agent",    "x-amzn-trace-id", "transfer-encoding"};
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    std::string lower = base::to_lower(name);
    if (std::find(kUnsigned.begin(), kUnsigned.end(), lower) == kUnsigned.end()) {
      names.push_back(std::move(lower));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// The first eight characters of the time are its date.
std::string scope_of(const SigningInput& input) {
  return base::format("{}/{}/{}/{}", base::format_basic(input.time).substr(0, 8), input.region,
                      input.service, kTerminator);
}

// Uses the canonical form of the verifier, so a test with both proves only that they agree. The
// vectors of AWS and of botocore test the form itself (tests/auth/sigv4).
std::string signature(const SigningInput& input, const Headers& headers,
                      const std::vector<std::string>& names, std::string_view query) {
  const std::vector<HeaderView> views(headers.begin(), headers.end());
  const std::vector<std::string_view> signed_headers(names.begin(), names.end());
  const HeaderIndex index(views);
  const std::string hash = base::to_hex(model::sha256(input.body));
  const auto canonical =
      canonical_request({input.method, input.path, query, index, signed_headers, hash});
  // Cannot happen: each name was taken from these very headers.
  if (!canonical) throw std::logic_error("sigv4: a header to sign is not in the request");
  const std::string timestamp = base::format_basic(input.time);
  const auto key = derive_signing_key(input.secret_access_key, timestamp.substr(0, 8), input.region,
                                      input.service);
  const auto text = string_to_sign(timestamp, scope_of(input), *canonical);
  return base::to_hex(model::hmac_sha256(key, text));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sign_headers(const SigningInput& input) {
  Headers added{{"X-Amz-Date", base::format_basic(input.time)}};
  // Added before the names are taken, so that the token is signed.
  if (!input.session_token.empty()) added.emplace_back("X-Amz-Security-Token", input.session_token);
  Headers all = input.headers;
  all.insert(all.end(), added.begin(), added.end());
  const auto names = names_to_sign(all);
  added.emplace_back("Authorization",
                     base::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                  input.access_key_id, scope_of(input), base::join(names, ";"),
                                  signature(input, all, names, input.query)));
  return added;
}

// The signature covers the whole query, so X-Amz-Signature comes last. The token is inside it: ECR,
// IAM and STS refuse a token that was added after signing.
std::string presign_query(const SigningInput& input, std::chrono::seconds expires) {
  const auto names = names_to_sign(input.headers);
  std::string query = input.query;
  const auto add = [&query](std::string_view name, const std::string& value) {
    if (!query.empty()) query.push_back('&');
    query.append(name).append(1, '=').append(base::percent_encode(value));
  };
  add("X-Amz-Algorithm", std::string(kAlgorithm));
  // The slashes of the scope are encoded here as well, as SDKs do.
  add("X-Amz-Credential", input.access_key_id + "/" + scope_of(input));
  add("X-Amz-Date", base::format_basic(input.time));
  add("X-Amz-Expires", std::to_string(expires.count()));
  add("X-Amz-SignedHeaders", base::format("{}", base::join(names, ";")));
  if (!input.session_token.empty()) add("X-Amz-Security-Token", input.session_token);
  const std::string calculated = signature(input, input.headers, names, query);
  add("X-Amz-Signature", calculated);
  return query;
}

}  // namespace ecr::auth
