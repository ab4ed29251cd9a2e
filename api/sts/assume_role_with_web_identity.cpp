// AssumeRoleWithWebIdentity: a role for a caller that an identity provider vouches for, without AWS
// credentials: the request is not signed. Its token is verified with its issuer's keys, outside of
// the transaction, checked against the provider that the role's account has registered, and turned
// into condition keys. Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide,
// "Available keys for AWS OIDC federation".
#include <algorithm>
#include <any>
#include <memory>

#include <nlohmann/json.hpp>

#include "api/core/background/call_record.h"
#include "api/core/web_identity_issuer.h"
#include "api/core/wire/error.h"
#include "api/sts/issuer_keys.h"
#include "api/sts/role_sessions.h"
#include "api/sts/sts_api.h"
#include "auth/iam/policy/web_identity_claims.h"
#include "auth/jwt.h"
#include "auth/web_token.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/web_identity_issuers.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;
using Claim = std::pair<std::string, std::vector<std::string>>;

// The content of a token whose signature is the issuer's.
struct WebIdentity {
  auth::JwtClaims claims;
  std::string audience;  // azp where there is one, else aud
};
using WebIdentityPtr = std::shared_ptr<const WebIdentity>;

struct WebIdentitySession : RoleSession {
  WebIdentityPtr identity;
  storage::OidcProvider provider;  // vouches for the identity
};

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

[[noreturn]] void no_key() {
  invalid_token(
      "Couldn't retrieve verification key from your identity provider,  please reference "
      "AssumeRoleWithWebIdentity documentation for requirements");
}

void require_signature(const auth::JsonWebKeySet& keys, const auth::Jwt& token) {
  if (token.key_id && !keys.has_key(*token.key_id)) no_key();
  if (!keys.verifies(token)) invalid_token("Token signature is not valid");  // ours
}

// An issuer that cannot be reached is another error than one whose keys do not fit: clients try
// again after the first (test KeysComeFromTheIssuer).
void verify_signature(IssuerKeys& issuer_keys, const auth::Jwt& token) {
  const auto keys = issuer_keys.keys_of(token.claims.issuer, token.key_id);
  if (!keys && keys.error() == IssuerKeys::Failure::kUnreachable) {
    throw ApiError(ErrorCode::kIdpCommunicationError,
                   "The request could not be fulfilled because the identity provider (IDP) that "
                   "was asked to verify the incoming identity token could not be reached.");
  }
  if (!keys) no_key();
  require_signature(**keys, token);
}

// The claims of this server's own tokens that say who asked for one.
constexpr std::string_view kTokenAccount = "https://sts.amazonaws.com//aws_account";

// The public keys of this server.
IssuerKeys::KeySet server_keys(const ApiRequest& request) {
  std::vector<std::string> keys;
  for (const auto& key : storage::web_identity_keys(request.txn)) {
    keys.push_back(auth::public_json_web_key({key.algorithm, key.id, key.private_key}));
  }
  auto set = auth::JsonWebKeySet::parse(base::format("{{\"keys\":[{}]}}", base::join(keys, ",")));
  return std::make_shared<const auth::JsonWebKeySet>(std::move(set.value()));
}

// The keys of this server, where the token is one that GetWebIdentityToken may have signed: nothing
// has to be fetched for it. (AWS does not take its own tokens; COMPATIBILITY.md.) Null: another
// issuer's. The account that the token names must have that issuer, so that a caller cannot choose
// an issuer by the host name of its request.
IssuerKeys::KeySet own_keys(const ApiRequest& request, const auth::Jwt& token) {
  if (!token.key_id) return nullptr;
  const auto account =
      std::find_if(token.claims.values.begin(), token.claims.values.end(),
                   [](const Claim& claim) { return claim.first == kTokenAccount; });
  if (account == token.claims.values.end() || account->second.size() != 1 ||
      !storage::is_web_identity_issuer(request.txn, account->second.front(), token.claims.issuer)) {
    return nullptr;
  }
  IssuerKeys::KeySet keys = server_keys(request);
  return keys->has_key(*token.key_id) ? keys : nullptr;
}

// A server without TLS has an issuer without TLS. IAM registers none, so its tokens count as those
// of the same name with TLS.
void to_registered_form(std::string& issuer) {
  constexpr std::string_view kPlain = "http://";
  if (issuer.starts_with(kPlain)) issuer.replace(0, kPlain.size(), "https://");
}

// The identity of the request's token. Throws OutsideWork where it was not verified yet: its issuer
// may have to be asked for its keys, and is only where the role's account has registered it. That
// account's providers are asked before the issuer: this server sends no request to an issuer that
// no account here trusts.
WebIdentityPtr verified_identity(const ApiRequest& request, const std::string& account) {
  if (request.outside.has_value()) return std::any_cast<const WebIdentityPtr&>(request.outside);
  auto token = auth::parse_jwt(request.input["WebIdentityToken"].get_ref<const std::string&>());
  if (!token) not_a_jwt();
  IssuerKeys::KeySet own = own_keys(request, *token);
  if (own) to_registered_form(token->claims.issuer);
  // Such an issuer is never asked for its keys: a token of its own is refused here.
  if (is_test_issuer(request.core.settings, token->claims.issuer)) own = server_keys(request);
  require_claims(token->claims);
  check_limits(token->claims);
  if (!storage::find_oidc_provider(request.txn, account, token->claims.issuer)) {
    no_provider(token->claims.issuer);
  }
  IssuerKeys* const issuer_keys = request.services.issuer_keys;
  if (issuer_keys == nullptr) throw std::logic_error("no keys of issuers are wired");
  throw OutsideWork{[issuer_keys, own, token = std::move(*token)]() -> std::any {
    if (own == nullptr) {
      verify_signature(*issuer_keys, token);
    } else {
      require_signature(*own, token);
    }
    auto identity = std::make_shared<WebIdentity>();
    identity->claims = token.claims;
    identity->audience = token.claims.authorized_party.value_or(token.claims.audiences.front());
    return WebIdentityPtr(std::move(identity));
  }};
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

// The provider of the role's account that vouches for the identity. Throws where there is none, it
// does not know the audience, or the token has expired: by the machine's clock, not the injected
// one, because the issuer's clock is a real one. An expired token of an unknown issuer is answered
// as one of an unknown issuer.
storage::OidcProvider require_provider(const ApiRequest& request, const std::string& account,
                                       const WebIdentity& identity) {
  const auth::JwtClaims& claims = identity.claims;
  auto provider = storage::find_oidc_provider(request.txn, account, claims.issuer);
  if (!provider) no_provider(claims.issuer);
  check_times(claims, request.core.machine_clock.now());
  // The provider's list of client ids is the list of audiences that it vouches for.
  const auto& known = provider->client_ids;
  if (std::find(known.begin(), known.end(), identity.audience) == known.end()) {
    invalid_token("Incorrect token audience");
  }
  return std::move(*provider);
}

const std::vector<std::string>* find_claim(const auth::JwtClaims& claims, std::string_view name) {
  const auto found = std::find_if(claims.values.begin(), claims.values.end(),
                                  [&](const Claim& claim) { return claim.first == name; });
  return found == claims.values.end() ? nullptr : &found->second;
}

// "<provider>:sub", "<provider>:aud", "<provider>:amr", ... into the target's context.
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
  // Claims of other issuers are no condition keys.
  for (const std::string& name : auth::iam::claims_of_issuer(provider.url)) {
    if (name == "sub" || name == "aud" || name == "oaud") continue;
    const auto* values = find_claim(claims, name);
    if (values != nullptr && values->size() == 1) {
      target.context.emplace_back(key(name), values->front());
    }
  }
}

// The trust policy alone decides: there is no principal with identity policies. Session tags come
// as claims of the token, not as parameters of the request; the rules are the same. Tags and a
// source identity in the token need their own actions in the policy (test
// TagsAndSourceIdentityOfTheTokenNeedTheirActions).
Resolved<WebIdentitySession> web_identity_targets(const ApiRequest& request) {
  // ProviderId names an OAuth 2.0 provider (Login with Amazon, Facebook), whose tokens are no JWTs.
  if (request.input.contains("ProviderId")) {  // ours
    throw ApiError(ErrorCode::kValidation,
                   "OAuth 2.0 access tokens (ProviderId) are not supported: only OpenID Connect ID "
                   "tokens are.");
  }
  WebIdentitySession asked{requested_role(request), nullptr, {}};
  asked.identity = verified_identity(request, asked.account);
  const auth::JwtClaims& claims = asked.identity->claims;
  asked.provider = require_provider(request, asked.account, *asked.identity);
  asked.tags = checked_tags(claims.session_tags, claims.transitive_keys);
  asked.source_identity = claims.source_identity;

  Target role = role_target(request, asked);
  add_claims(*asked.identity, asked.provider, role);
  std::vector<Target> targets = targets_of_actions(role, asked, "sts:AssumeRoleWithWebIdentity");
  for (Target& target : targets) {
    // AWS's sentence. It names the first action that the trust policy does not allow.
    target.denial = "Not authorized to perform " + target.action;
  }
  return {std::move(targets), std::move(asked)};
}

// The caller in the record of the call: the "WebIdentityUser" of AWS CloudTrail User Guide,
// "userIdentity element" (test TheRecordNamesTheIdentity).
CallIdentity record_identity(const WebIdentity& identity, const storage::OidcProvider& provider) {
  CallIdentity caller;
  caller.account = provider.account;
  caller.federated_provider = storage::oidc_provider_arn(provider);
  caller.user_name = identity.claims.subject;
  caller.user_id = *caller.federated_provider + ":" + identity.audience + ":" + caller.user_name;
  return caller;
}

Json assume_role_with_web_identity(ApiRequest& request, WebIdentitySession& asked) {
  const WebIdentity& identity = *asked.identity;
  const std::string provider = storage::oidc_provider_arn(asked.provider);
  storage::Session session;
  session.provider = provider;
  // Only sub and aud stay condition keys in the session's later requests.
  session.claims = base::dump(Json{{asked.provider.url + ":sub", identity.claims.subject},
                                   {asked.provider.url + ":aud", identity.audience}});
  Json output = begin_role_session(request, asked, std::move(session));
  output["SubjectFromWebIdentityToken"] = identity.claims.subject;
  output["Audience"] = identity.audience;
  output["Provider"] = provider;
  request.identified =
      std::make_shared<const CallIdentity>(record_identity(identity, asked.provider));
  return output;
}

constexpr Operation kWebIdentityOperations[] = {
    {"AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", Access::kWrite,
     on<web_identity_targets, assume_role_with_web_identity>, Credentials::kToken},
};

}  // namespace

std::vector<const Operation*> assume_role_with_web_identity_operations() {
  return pointers(kWebIdentityOperations);
}

}  // namespace ecr::api::sts
