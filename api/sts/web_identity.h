// The token of AssumeRoleWithWebIdentity: verified with its issuer's keys, checked against the
// provider that the role's account has registered, and turned into what conditions can ask for.
// Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity"; IAM User Guide, "Available keys for
// AWS OIDC federation".
#pragma once

#include <any>
#include <memory>
#include <string>

#include "api/core/access/operation.h"
#include "auth/jwt.h"
#include "storage/rows/iam/identity_providers.h"

namespace ecr::api::sts {

// What a token says, once its signature is known to be the issuer's.
struct WebIdentity {
  auth::JwtClaims claims;
  std::string audience;  // azp where there is one, else aud
};
using WebIdentityPtr = std::shared_ptr<const WebIdentity>;

// Operation::prepare: a WebIdentityPtr. Asks the issuer for its keys only where the role's account
// has registered it. Throws what the operation answers to a token that is not good.
std::any verify_web_identity(const Services& services, const Json& input);

// The provider of the role's account that vouches for the identity. Throws where there is none, it
// does not know the audience, or the token has expired: by the machine's clock, as it was issued by
// such a one.
storage::OidcProvider require_provider(const Call& call, const WebIdentity& identity);

// "<provider>:sub", "<provider>:aud", "<provider>:amr", ... into the target's context.
void add_claims(const WebIdentity& identity, const storage::OidcProvider& provider, Target& target);

// Those of them that a session keeps, as a JSON object: key to value.
std::string session_claims(const WebIdentity& identity, const storage::OidcProvider& provider);

}  // namespace ecr::api::sts
