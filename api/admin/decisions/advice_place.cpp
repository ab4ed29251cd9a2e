#include "api/admin/decisions/advice_place.h"

#include <nlohmann/json.hpp>

#include "api/admin/decisions/statement_text.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::ArnParts;
using auth::iam::DecidedBy;
using auth::iam::Principal;
using auth::iam::PrincipalKind;
using auth::iam::Request;
using base::OrderedJson;

constexpr std::string_view kRepositoryPrefix = "repository/";

// What creates repositories or fills them from elsewhere is granted by the registry's policy, and
// so is what a repository's own policy cannot name.
Place resource_place(const Request& request) {
  const std::string action = base::to_lower(request.action);
  if (action.starts_with("sts:")) return Place::kTrust;
  if (action == "ecr:createrepository" || action == "ecr:replicateimage" ||
      action == "ecr:batchimportupstreamimage") {
    return Place::kRegistry;
  }
  const ArnParts arn(request.resource);
  if (!arn.is_arn || !arn.part[5].starts_with(kRepositoryPrefix)) return Place::kRegistry;
  const OrderedJson document = {
      {"Version", "2012-10-17"},
      {"Statement", {{{"Effect", "Allow"}, {"Principal", "*"}, {"Action", request.action}}}}};
  const bool valid =
      auth::iam::Policy::parse(base::dump(document), auth::iam::PolicyType::kRepository)
          .has_value();
  return valid ? Place::kRepository : Place::kRegistry;
}

// For a session its role: sessions come and go under new names.
OrderedJson principal_element(const Request& request) {
  const Principal& principal = request.principal;
  switch (principal.kind) {
    case PrincipalKind::kAnonymous: {
      const auto* provider = request.context.find("aws:FederatedProvider");
      if (provider == nullptr || provider->values.empty()) return "*";
      return {{"Federated", provider->values[0]}};
    }
    case PrincipalKind::kService:
      return {{"Service", principal.arn}};
    case PrincipalKind::kRoleSession:
      return {{"AWS", principal.issuer.empty() ? principal.arn : principal.issuer}};
    case PrincipalKind::kRoot:
    case PrincipalKind::kUser:
    case PrincipalKind::kFederatedUser:
      break;
  }
  return {{"AWS", principal.arn}};
}

// Whose identity policies count.
std::string identity_owner(const Principal& principal) {
  const bool issued = principal.kind == PrincipalKind::kRoleSession ||
                      principal.kind == PrincipalKind::kFederatedUser;
  return issued && !principal.issuer.empty() ? principal.issuer : principal.arn;
}

std::string level_of(std::size_t level) {
  return level == 0 ? std::string("the organization's root")
                    : base::format("level {} below the organization's root", level);
}

std::string with_source(std::string text, std::string_view source) {
  if (!source.empty()) text += base::format(" ({})", source);
  return text;
}

}  // namespace

Place place_of(const Request& request, DecidedBy type) {
  switch (type) {
    case DecidedBy::kIdentity:
      return Place::kIdentity;
    case DecidedBy::kResource:
      return resource_place(request);
    case DecidedBy::kBoundary:
      return Place::kBoundary;
    case DecidedBy::kSession:
      return Place::kSession;
    case DecidedBy::kScp:
      return Place::kScp;
    case DecidedBy::kRcp:
      break;
  }
  return Place::kRcp;
}

std::string statement_for(const Request& request, Place place) {
  OrderedJson statement = {{"Effect", "Allow"}};
  // An RCP can only deny; what allows is RCPFullAWSAccess, which AWS attaches everywhere.
  if (place == Place::kRcp) {
    statement["Principal"] = "*";
    statement["Action"] = "*";
    statement["Resource"] = "*";
    return base::dump(statement);
  }
  const bool resource_based =
      place == Place::kRepository || place == Place::kRegistry || place == Place::kTrust;
  if (resource_based) statement["Principal"] = principal_element(request);
  statement["Action"] = canonical_action(request.action);
  if (place != Place::kRepository && place != Place::kTrust) {
    statement["Resource"] = resource_pattern(request.action, request.resource);
  }
  return base::dump(statement);
}

std::string describe(const Request& request, Place place, std::size_t level,
                     std::string_view source) {
  const ArnParts arn(request.resource);
  const std::string owner =
      request.resource_account.empty() ? std::string(arn.part[4]) : request.resource_account;
  switch (place) {
    case Place::kIdentity:
      return with_source("an identity-based policy of " + identity_owner(request.principal),
                         source);
    case Place::kRepository:
      return base::format("the repository policy of {} in account {}",
                          arn.part[5].substr(kRepositoryPrefix.size()), owner);
    case Place::kRegistry:
      return "the registry policy of account " + owner;
    case Place::kTrust:
      return "the trust policy of " + request.resource;
    case Place::kBoundary:
      return with_source("the permissions boundary of " + identity_owner(request.principal),
                         source);
    case Place::kSession:
      return source.empty() ? std::string("a session policy, given when the session is asked for")
                            : with_source("the session policy", source);
    case Place::kScp:
      return with_source("a service control policy at " + level_of(level), source);
    case Place::kRcp:
      break;
  }
  return with_source("a resource control policy at " + level_of(level), source);
}

}  // namespace ecr::api::admin
