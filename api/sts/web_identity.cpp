#include "api/sts/web_identity.h"

#include <algorithm>
#include <any>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/sts/common.h"
#include "api/sts/issuer_keys.h"
#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::sts {
namespace {

using Claim = std::pair<std::string, std::vector<std::string>>;

// The further claims of an issuer that conditions can ask for (IAM User Guide, "Available keys for
// AWS OIDC federation"), as the Service Authorization Reference lists them:
// "token.actions.githubusercontent.com:repository", "oidc.circleci.com/org/${OrgId}:...". Claims of
// other issuers are no condition keys, except those in add_claims().
std::vector<std::string> claims_of_issuer(std::string_view url) {
  std::vector<std::string> claims;
  for (const auto& action : auth::iam::find_service("sts")->actions) {
    if (action.name != "AssumeRoleWithWebIdentity") continue;
    for (const std::string& key : action.condition_keys) {
      const std::size_t colon = key.find(':');
      std::string issuer = key.substr(0, colon);
      const std::size_t variable = issuer.find("${");
      if (variable != std::string::npos) {
        issuer.replace(variable, issuer.find('}') + 1 - variable, "*");
      }
      if (base::wildcard_matches(issuer, url)) claims.push_back(key.substr(colon + 1));
    }
  }
  return claims;
}
// The clock of an issuer may be a little ahead of this machine's. How much AWS allows is not
// published.
constexpr std::chrono::seconds kSkew{300};

// [\w+=,.@-]
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

[[noreturn]] void invalid_token(std::string message) {
  throw ApiError(ErrorCode::kInvalidIdentityToken, std::move(message));
}

// The sentences are AWS's, but for those that are marked as ours.
[[noreturn]] void not_a_jwt() {
  invalid_token(
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access "
      "Token)");
}

[[noreturn]] void no_provider(const std::string& issuer) {
  invalid_token("No OpenIDConnect provider found in your account for " + issuer);
}

void require_claim(bool there, const char* name) {
  if (!there) invalid_token(base::format("Missing a required claim: {}", name));
}

// AWS names the first claim that is missing, in an order that it does not document.
void require_claims(const auth::JwtClaims& claims) {
  require_claim(!claims.issuer.empty(), "iss");
  require_claim(!claims.subject.empty(), "sub");
  require_claim(!claims.audiences.empty(), "aud");
  require_claim(claims.expires.has_value(), "exp");
  require_claim(claims.issued.has_value(), "iat");
  if (!claims.issuer.starts_with("https://")) {  // ours
    invalid_token("Issuer must begin with https://");
  }
}

// The limits that the API model has for these as parameters of AssumeRole hold for claims as well
// (inferred).
void check_limits(const auth::JwtClaims& claims) {
  const auto fits = [](std::size_t size, std::size_t least, std::size_t most) {
    return size >= least && size <= most;
  };
  bool good = claims.session_tags.size() <= 50;
  for (const auto& [key, value] : claims.session_tags) {
    good = good && fits(key.size(), 1, 128) && fits(value.size(), 0, 256);
  }
  if (claims.source_identity) {
    const std::string& identity = *claims.source_identity;
    good = good && fits(identity.size(), 2, 64) &&
           std::all_of(identity.begin(), identity.end(), is_name_character);
  }
  if (!good) invalid_token("A claim for AWS is not valid");  // ours
}

// An issuer that cannot be reached is another error than one whose keys do not fit: clients try
// again after the first (test KeysComeFromTheIssuer).
void verify_signature(const Services& services, const auth::Jwt& token) {
  const auto keys = services.issuer_keys->keys_of(token.claims.issuer, token.key_id);
  if (!keys && keys.error() == IssuerKeys::Failure::kUnreachable) {
    throw ApiError(ErrorCode::kIdpCommunicationError,
                   "The request could not be fulfilled because the identity provider (IDP) that "
                   "was asked to verify the incoming identity token could not be reached.");
  }
  if (!keys || (token.key_id && !(*keys)->has_key(*token.key_id))) {
    invalid_token(
        "Couldn't retrieve verification key from your identity provider,  please reference "
        "AssumeRoleWithWebIdentity documentation for requirements");
  }
  if (!(*keys)->verifies(token)) invalid_token("Token signature is not valid");  // ours
}

std::int64_t seconds_of(base::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// The token must not be expired; nbf and iat may be a little in the future.
void check_times(const auth::JwtClaims& claims, base::TimePoint now) {
  const std::int64_t now_seconds = seconds_of(now);
  if (now_seconds >= *claims.expires) {
    // The missing space is AWS's.
    throw ApiError(
        ErrorCode::kExpiredIdentityToken,
        base::format(
            "Token expired: current date/time {} must be before the expiration date/time{}",
            now_seconds, *claims.expires));
  }
  const std::int64_t begin = std::max(claims.not_before.value_or(0), *claims.issued);
  if (begin > now_seconds + kSkew.count()) invalid_token("Token is not valid yet");  // ours
}

const std::vector<std::string>* find_claim(const auth::JwtClaims& claims, std::string_view name) {
  const auto found = std::find_if(claims.values.begin(), claims.values.end(),
                                  [&](const Claim& claim) { return claim.first == name; });
  return found == claims.values.end() ? nullptr : &found->second;
}

}  // namespace

// The account's providers are asked before the issuer: this server sends no request to an issuer
// that no account here trusts. Whether the token is expired is asked later, in require_provider(),
// because an expired token of an unknown issuer is answered as one of an unknown issuer.
const WebIdentity& web_identity_of(const Call& call) {
  if (call.prepared.has_value()) return *std::any_cast<const WebIdentityPtr&>(call.prepared);
  // ProviderId names an OAuth 2.0 provider (Login with Amazon, Facebook), whose tokens are no JWTs.
  if (call.input.contains("ProviderId")) {  // ours
    throw ApiError(ErrorCode::kValidation,
                   "OAuth 2.0 access tokens (ProviderId) are not supported: only OpenID Connect ID "
                   "tokens are.");
  }
  const std::string account = role_account(call.input["RoleArn"].get<std::string>());
  auto token = auth::parse_jwt(call.input["WebIdentityToken"].get_ref<const std::string&>());
  if (!token) not_a_jwt();
  require_claims(token->claims);
  check_limits(token->claims);
  if (!storage::find_oidc_provider(call.txn, account, token->claims.issuer)) {
    no_provider(token->claims.issuer);
  }
  if (call.services.issuer_keys == nullptr) {
    throw std::logic_error("no keys of issuers are wired");
  }
  throw OutsideWork{[&services = call.services, token = std::move(*token)]() -> std::any {
    verify_signature(services, token);
    auto identity = std::make_shared<WebIdentity>();
    identity->claims = token.claims;
    identity->audience = token.claims.authorized_party.value_or(token.claims.audiences.front());
    return WebIdentityPtr(std::move(identity));
  }};
}

storage::OidcProvider require_provider(const Call& call, const WebIdentity& identity) {
  const auth::JwtClaims& claims = identity.claims;
  const std::string account = role_account(call.input["RoleArn"].get<std::string>());
  auto provider = storage::find_oidc_provider(call.txn, account, claims.issuer);
  if (!provider) no_provider(claims.issuer);
  check_times(claims, call.services.machine_clock.now());
  // The provider's list of client ids is the list of audiences that it vouches for.
  const auto& known = provider->client_ids;
  if (std::find(known.begin(), known.end(), identity.audience) == known.end()) {
    invalid_token("Incorrect token audience");
  }
  return std::move(*provider);
}

// aud is azp where the token has one; the token's own aud is then oaud (IAM User Guide; test
// AmrHasManyValuesAndAzpIsTheAudience). amr alone is multivalued.
void add_claims(const WebIdentity& identity, const storage::OidcProvider& provider,
                Target& target) {
  const auto key = [&](std::string_view name) { return base::format("{}:{}", provider.url, name); };
  const auth::JwtClaims& claims = identity.claims;
  target.context.emplace_back("aws:FederatedProvider", storage::oidc_provider_arn(provider));
  target.context.emplace_back(key("sub"), claims.subject);
  target.context.emplace_back(key("aud"), identity.audience);
  if (claims.authorized_party) {
    target.context.emplace_back(key("oaud"), claims.audiences.front());
  }
  if (const auto* amr = find_claim(claims, "amr")) {
    target.multivalued_context.emplace_back(key("amr"), *amr);
  }
  if (const auto* email = find_claim(claims, "email"); email != nullptr && email->size() == 1) {
    target.context.emplace_back(key("email"), email->front());
  }
  for (const std::string& name : claims_of_issuer(provider.url)) {
    if (name == "sub" || name == "aud" || name == "oaud") continue;
    const auto* values = find_claim(claims, name);
    if (values != nullptr && values->size() == 1) {
      target.context.emplace_back(key(name), values->front());
    }
  }
}

// Only sub and aud stay condition keys in the session's later requests.
std::string session_claims(const WebIdentity& identity, const storage::OidcProvider& provider) {
  return base::dump(Json{{provider.url + ":sub", identity.claims.subject},
                         {provider.url + ":aud", identity.audience}});
}

}  // namespace ecr::api::sts
