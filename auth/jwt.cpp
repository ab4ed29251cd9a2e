#include "auth/jwt.h"

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

// STS allows 20,000 characters (API model, clientTokenType).
constexpr std::size_t kMaxBytes = 20'000;
constexpr const char* kTagsClaim = "https://aws.amazon.com/tags";
constexpr const char* kSourceIdentityClaim = "https://aws.amazon.com/source_identity";

using Reason = std::string;

// The JSON is read with a limit on depth and without repeated members: RFC 7519 section 4 lets a
// parser refuse these, and two readers of one token must not see different claims. The reason never
// quotes the token.
tl::expected<base::Json, Reason> read_part(std::string_view part, const char* name) {
  const auto text = base::base64url_decode(part);
  if (!text) return tl::unexpected(std::string("the ") + name + " is not base64url");
  auto parsed = base::parse_json(*text, {.max_depth = 16, .max_bytes = kMaxBytes});
  if (!parsed || !parsed->is_object()) {
    return tl::unexpected(std::string("the ") + name + " is not a JSON object");
  }
  return std::move(*parsed);
}

// Condition keys hold text, so numbers and booleans are kept as they are written in JSON.
std::optional<std::string> text_of(const base::Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return std::nullopt;
}

std::optional<std::string> text_claim(const base::Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A NumericDate may have a fraction (RFC 7519 section 2). A negative one, or one after the year
// 5000, is taken for no date (test: OddClaimsAreNone).
std::optional<std::int64_t> date_claim(const base::Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < 1e11)) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

// Returns the values of a claim: one, or those of a list whose elements are all single values.
// Anything else has none.
std::vector<std::string> values_of(const base::Json& value) {
  std::vector<std::string> values;
  if (const auto text = text_of(value)) return {*text};
  if (!value.is_array()) return values;
  for (const base::Json& element : value) {
    const auto text = text_of(element);
    if (!text) return {};
    values.push_back(*text);
  }
  return values;
}

// The claims by which an identity provider passes session tags (IAM User Guide, "Passing session
// tags in AWS STS", AssumeRoleWithWebIdentity): principal_tags holds lists of one value each.
void read_session_tags(const base::Json& claims, JwtClaims& out) {
  const auto tags = claims.find(kTagsClaim);
  if (tags == claims.end() || !tags->is_object()) return;
  if (const auto principal = tags->find("principal_tags");
      principal != tags->end() && principal->is_object()) {
    for (const auto& [key, value] : principal->items()) {
      const auto texts = values_of(value);
      // STS has one value for a tag key; a list of more is left out.
      if (texts.size() == 1) out.session_tags.emplace_back(key, texts[0]);
    }
  }
  if (const auto keys = tags->find("transitive_tag_keys"); keys != tags->end()) {
    out.transitive_keys = values_of(*keys);
  }
}

JwtClaims read_claims(const base::Json& claims) {
  JwtClaims out;
  out.issuer = text_claim(claims, "iss").value_or("");
  out.subject = text_claim(claims, "sub").value_or("");
  if (const auto audience = claims.find("aud"); audience != claims.end()) {
    out.audiences = values_of(*audience);
  }
  out.authorized_party = text_claim(claims, "azp");
  out.expires = date_claim(claims, "exp");
  out.not_before = date_claim(claims, "nbf");
  out.issued = date_claim(claims, "iat");
  out.source_identity = text_claim(claims, kSourceIdentityClaim);
  read_session_tags(claims, out);
  // All of them become condition keys of the provider, so the standard claims are in this list too.
  for (const auto& [name, value] : claims.items()) {
    auto values = values_of(value);
    if (!values.empty()) out.values.emplace_back(name, std::move(values));
    // "google/organization_number": Google's claim "google" is an object, and AWS names its members
    // so.
    if (!value.is_object()) continue;
    for (const auto& [inner, inner_value] : value.items()) {
      auto inner_values = values_of(inner_value);
      if (!inner_values.empty())
        out.values.emplace_back(name + "/" + inner, std::move(inner_values));
    }
  }
  return out;
}

}  // namespace

// Reads the compact form: header, claims and signature in base64url, joined by dots (RFC 7515
// section 7.1). A token of five parts is encrypted (JWE) and refused.
tl::expected<Jwt, std::string> parse_jwt(std::string_view token) {
  if (token.size() > kMaxBytes) return tl::unexpected(Reason("it is too long"));
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return tl::unexpected(Reason("it does not have three parts"));
  }
  const auto header = read_part(token.substr(0, first), "header");
  if (!header) return tl::unexpected(header.error());
  // A reader that does not understand an extension marked as critical must refuse the token (RFC
  // 7515 section 4.1.11). None is understood here.
  if (header->contains("crit")) return tl::unexpected(Reason("it has critical extensions"));
  const auto claims = read_part(token.substr(first + 1, second - first - 1), "claims set");
  if (!claims) return tl::unexpected(claims.error());
  auto signature = base::base64url_decode(token.substr(second + 1));
  if (!signature) return tl::unexpected(Reason("the signature is not base64url"));
  Jwt jwt;
  jwt.algorithm = text_claim(*header, "alg").value_or("");
  jwt.key_id = text_claim(*header, "kid");
  jwt.claims = read_claims(*claims);
  // The signature covers the text as it was sent. Encoding the parsed parts again could give
  // another text.
  jwt.signed_text = token.substr(0, second);
  jwt.signature = std::move(*signature);
  return jwt;
}

}  // namespace ecr::auth
