#include "auth/iam/match/principal.h"

#include <algorithm>

#include "auth/iam/match/arn_match.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"

namespace ecr::auth::iam {
namespace {

using Kind = PrincipalEntry::Kind;

bool is_upper_alphanumeric(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

// "user/" alone is no name.
bool has_name(std::string_view resource, std::string_view prefix) {
  return resource.size() > prefix.size() && resource.starts_with(prefix);
}

// The ARNs that AWS accepts as principals: users and roles of IAM; sessions of roles and federated
// users of STS. A group is no principal ("IAM JSON policy elements: Principal").
bool is_principal_arn(const ArnParts& arn) {
  const std::string_view resource = arn.part[5];
  // "You cannot use a wildcard to match part of a principal name or ARN."
  if (resource.find_first_of("*? ") != std::string_view::npos) return false;
  if (arn.part[2] == "iam") return has_name(resource, "user/") || has_name(resource, "role/");
  if (arn.part[2] != "sts") return false;
  if (has_name(resource, "federated-user/")) return true;
  if (!has_name(resource, "assumed-role/")) return false;
  // A role session has two names: assumed-role/ROLE/SESSION.
  const std::size_t slash = resource.find('/', resource.find('/') + 1);
  return slash != std::string_view::npos && slash + 1 < resource.size();
}

std::optional<PrincipalEntry> parse_aws(std::string_view text) {
  if (text == "*") return PrincipalEntry{Kind::kEveryone, {}};
  if (model::is_account_id(text)) return PrincipalEntry{Kind::kAccount, std::string(text)};
  // IAM replaces the ARN in a stored trust policy by this id: an entity that is made anew under the
  // same name has another id and does not match ("IAM identifiers"; test:
  // UniqueIdMatchesOnlyTheEntityThatHasIt).
  if (text.size() >= 16 && is_upper_alphanumeric(text) &&
      (text.starts_with("AIDA") || text.starts_with("AROA"))) {
    return PrincipalEntry{Kind::kUniqueId, std::string(text)};
  }
  const ArnParts arn(text);
  // IAM and STS are global: the ARN of a principal has no region.
  if (!arn.is_arn || model::find_partition(arn.part[1]) == nullptr || !arn.part[3].empty() ||
      !model::is_account_id(arn.part[4])) {
    return std::nullopt;
  }
  if (arn.part[2] == "iam" && arn.part[5] == "root") {
    return PrincipalEntry{Kind::kAccount, std::string(arn.part[4])};
  }
  if (!is_principal_arn(arn)) return std::nullopt;
  return PrincipalEntry{Kind::kArn, std::string(text)};
}

// Naming an account only hands the decision to its identity policies. Its root user is the
// exception, because the ARN of root is the account's.
Named names_account(const PrincipalEntry& entry, const Principal& principal) {
  if (principal.account.empty() || entry.text != principal.account) return Named::kNot;
  return principal.kind == PrincipalKind::kRoot ? Named::kDirectly : Named::kAccount;
}

Named names_arn(const PrincipalEntry& entry, const Principal& principal) {
  if (principal.kind == PrincipalKind::kService) return Named::kNot;
  // The issuer is compared first: a request may give the ARN of the role itself for one of its
  // sessions, and this must count as the role.
  if (!principal.issuer.empty() && entry.text == principal.issuer) return Named::kIssuer;
  return entry.text == principal.arn ? Named::kDirectly : Named::kNot;
}

Named names_unique_id(const PrincipalEntry& entry, const Principal& principal) {
  if (principal.unique_id.empty() || entry.text != principal.unique_id) return Named::kNot;
  // The id of a session is that of its role or user, so it names the issuer.
  return principal.kind == PrincipalKind::kUser ? Named::kDirectly : Named::kIssuer;
}

// The caller is a session for which an OIDC or SAML provider vouched, or the call that asks for
// one. That the provider names the session directly is inferred from "OIDC session principals".
Named names_provider(const PrincipalEntry& entry, const Context& context) {
  const Context::Value* provider = context.find_lower("aws:federatedprovider");
  const bool same = provider != nullptr && !provider->multivalued &&
                    (entry.text == "*" || provider->values[0] == entry.text);
  return same ? Named::kDirectly : Named::kNot;
}

Named names(const PrincipalEntry& entry, const Principal& principal, const Context& context) {
  switch (entry.kind) {
    case Kind::kEveryone:
      // Only its own ARN frees a federated user from the limit of its session policy (API reference
      // of GetFederationToken: "a resource-based policy that specifically references the federated
      // user session"). That "*" does not is inferred.
      return principal.kind == PrincipalKind::kFederatedUser ? Named::kIssuer : Named::kDirectly;
    case Kind::kAccount:
      return names_account(entry, principal);
    case Kind::kArn:
      return names_arn(entry, principal);
    case Kind::kUniqueId:
      return names_unique_id(entry, principal);
    case Kind::kService:
      return principal.kind == PrincipalKind::kService &&
                     (entry.text == "*" || entry.text == principal.arn)
                 ? Named::kDirectly
                 : Named::kNot;
    case Kind::kFederated:
      return names_provider(entry, context);
    case Kind::kCanonicalUser:  // known to S3 and CloudFront only
      break;
  }
  return Named::kNot;
}

}  // namespace

std::optional<PrincipalEntry> PrincipalEntry::parse(std::string_view type, std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (type == "AWS") return parse_aws(text);
  if (type == "Service") return PrincipalEntry{Kind::kService, std::string(text)};
  if (type == "Federated") return PrincipalEntry{Kind::kFederated, std::string(text)};
  if (type == "CanonicalUser") return PrincipalEntry{Kind::kCanonicalUser, std::string(text)};
  return std::nullopt;
}

Named PrincipalSet::names(const Principal& principal, const Context& context) const {
  Named closest = Named::kNot;
  for (const PrincipalEntry& entry : entries_) {
    closest = std::max(closest, iam::names(entry, principal, context));
  }
  return closest;
}

// "NotPrincipal": to exempt a role session, a policy must list the session, its role and the
// account. That a user needs its account listed as well, and a federated user its issuing user, is
// inferred from the same page ("you must also specify the account ARN of the not-denied
// principal"). Test: NotPrincipalWithDenyExemptsWhoIsListedInFull.
bool PrincipalSet::exempts(const Principal& principal, const Context& context) const {
  bool account = false;
  bool issuer = false;
  bool directly = false;
  for (const PrincipalEntry& entry : entries_) {
    if (entry.kind == Kind::kEveryone) return true;
    const Named named = iam::names(entry, principal, context);
    account = account || named == Named::kAccount;
    issuer = issuer || named == Named::kIssuer;
    directly = directly || named == Named::kDirectly;
  }
  switch (principal.kind) {
    case PrincipalKind::kUser:
      return directly && account;
    case PrincipalKind::kRoleSession:
    case PrincipalKind::kFederatedUser:
      return directly && issuer && account;
    case PrincipalKind::kRoot:
    case PrincipalKind::kService:
    case PrincipalKind::kAnonymous:
      return directly;
  }
  return false;
}

// The form alone decides: nothing here knows which users and roles exist.
std::optional<Principal> make_principal(std::string_view text, std::string_view issuer) {
  Principal principal;
  principal.arn = text;
  principal.issuer = issuer;
  if (text.empty()) return principal;  // anonymous
  const ArnParts arn(text);
  if (!arn.is_arn) {
    // A service principal is a domain name: "ecr.amazonaws.com".
    if (text.find_first_of(": /*") != std::string_view::npos ||
        text.find('.') == std::string_view::npos) {
      return std::nullopt;
    }
    principal.kind = PrincipalKind::kService;
    return principal;
  }
  const std::string_view resource = arn.part[5];
  if (!model::is_account_id(arn.part[4])) return std::nullopt;
  principal.account = arn.part[4];
  if (arn.part[2] == "iam" && resource == "root") {
    principal.kind = PrincipalKind::kRoot;
    return principal;
  }
  if (!is_principal_arn(arn)) return std::nullopt;
  if (resource.starts_with("user/")) {
    principal.kind = PrincipalKind::kUser;
    return principal;
  }
  if (resource.starts_with("federated-user/")) {
    principal.kind = PrincipalKind::kFederatedUser;
    return principal;
  }
  principal.kind = PrincipalKind::kRoleSession;
  if (!principal.issuer.empty()) return principal;
  if (resource.starts_with("role/")) {
    principal.issuer = text;  // the role stands for any session of it
    return principal;
  }
  // The session's ARN has the role's name but not its path: the path is taken as "/".
  const std::string_view name_and_session = resource.substr(resource.find('/') + 1);
  principal.issuer = "arn:" + std::string(arn.part[1]) + ":iam::" + principal.account + ":role/" +
                     std::string(name_and_session.substr(0, name_and_session.find('/')));
  return principal;
}

}  // namespace ecr::auth::iam
