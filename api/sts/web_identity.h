// The token of AssumeRoleWithWebIdentity: verified with its issuer's keys, checked against the
// provider that the role's account has registered, and turned into condition keys. Stateless.
// Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide, "Available keys for
// AWS OIDC federation".
#pragma once

#include <memory>
#include <string>

#include "api/core/access/operation.h"
#include "auth/jwt.h"
#include "storage/rows/iam/identity_providers.h"

namespace ecr::api::sts {

// The content of a token whose signature is the issuer's.
struct WebIdentity {
  auth::JwtClaims claims;
  std::string audience;  // azp where there is one, else aud
};
using WebIdentityPtr = std::shared_ptr<const WebIdentity>;

// The identity of the call's token. Throws OutsideWork where it was not verified yet: its issuer
// may have to be asked for its keys, and is only where the role's account has registered it. Throws
// the operation's error where the token is not good.
const WebIdentity& web_identity_of(const ApiRequest& request);

// The provider of the role's account that vouches for the identity. Throws where there is none, it
// does not know the audience, or the token has expired: by the machine's clock, not the injected
// one, because the issuer's clock is a real one.
storage::OidcProvider require_provider(const ApiRequest& request, const WebIdentity& identity);

// "<provider>:sub", "<provider>:aud", "<provider>:amr", ... into the target's context.
void add_claims(const WebIdentity& identity, const storage::OidcProvider& provider, Target& target);

// The condition keys that a session keeps, as a JSON object: key to value.
std::string session_claims(const WebIdentity& identity, const storage::OidcProvider& provider);

}  // namespace ecr::api::sts
