#include "api/admin/decisions/advised_statement.h"

#include <nlohmann/json.hpp>

#include "api/admin/decisions/policy_writer.h"
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

// CreateRepository, ReplicateImage and BatchImportUpstreamImage concern repositories that may not
// exist yet: another account can be granted them by the registry's policy only (ECR User Guide,
// "Private registry permissions"). The registry's policy also grants every action that a repository
// policy cannot name, such as ecr:GetAuthorizationToken; the parser for repository policies knows
// which ones these are.
PolicyKind resource_policy_kind(const Request& request) {
  const std::string action = base::to_lower(request.action);
  if (action.starts_with("sts:")) return PolicyKind::kTrust;
  if (action == "ecr:createrepository" || action == "ecr:replicateimage" ||
      action == "ecr:batchimportupstreamimage") {
    return PolicyKind::kRegistry;
  }
  const ArnParts arn(request.resource);
  if (!arn.is_arn || !arn.part[5].starts_with(kRepositoryPrefix)) return PolicyKind::kRegistry;
  const OrderedJson document = {
      {"Version", "2012-10-17"},
      {"Statement", {{{"Effect", "Allow"}, {"Principal", "*"}, {"Action", request.action}}}}};
  const bool valid =
      auth::iam::Policy::parse(base::dump(document), auth::iam::PolicyType::kRepository)
          .has_value();
  return valid ? PolicyKind::kRepository : PolicyKind::kRegistry;
}

// Names the role of a session instead of the session itself, because each session has a new name.
// A web identity has no principal yet when it assumes a role: the trust policy names its provider.
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

// The ARN of the user or role whose identity-based policies apply.
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

PolicyKind policy_kind_for(const Request& request, DecidedBy type) {
  switch (type) {
    case DecidedBy::kIdentity:
      return PolicyKind::kIdentity;
    case DecidedBy::kResource:
      return resource_policy_kind(request);
    case DecidedBy::kBoundary:
      return PolicyKind::kBoundary;
    case DecidedBy::kSession:
      return PolicyKind::kSession;
    case DecidedBy::kScp:
      return PolicyKind::kScp;
    case DecidedBy::kRcp:
      break;
  }
  return PolicyKind::kRcp;
}

std::string statement_for(const Request& request, PolicyKind kind) {
  OrderedJson statement = {{"Effect", "Allow"}};
  // A custom RCP can only deny. RCPFullAWSAccess allows, and AWS attaches it at every level, so the
  // statement can only be that one (Organizations User Guide, "Resource control policies").
  if (kind == PolicyKind::kRcp) {
    statement["Principal"] = "*";
    statement["Action"] = "*";
    statement["Resource"] = "*";
    return base::dump(statement);
  }
  const bool resource_based = kind == PolicyKind::kRepository || kind == PolicyKind::kRegistry ||
                              kind == PolicyKind::kTrust;
  if (resource_based) statement["Principal"] = principal_element(request);
  statement["Action"] = canonical_action(request.action);
  // A repository policy and a trust policy must not have a Resource: it is the one they belong to.
  if (kind != PolicyKind::kRepository && kind != PolicyKind::kTrust) {
    statement["Resource"] = resource_pattern(request.action, request.resource);
  }
  return base::dump(statement);
}

std::string describe_policy(const Request& request, PolicyKind kind, std::size_t level,
                            std::string_view source) {
  const ArnParts arn(request.resource);
  const std::string owner =
      request.resource_account.empty() ? std::string(arn.part[4]) : request.resource_account;
  switch (kind) {
    case PolicyKind::kIdentity:
      return with_source("an identity-based policy of " + identity_owner(request.principal),
                         source);
    case PolicyKind::kRepository:
      return base::format("the repository policy of {} in account {}",
                          arn.part[5].substr(kRepositoryPrefix.size()), owner);
    case PolicyKind::kRegistry:
      return "the registry policy of account " + owner;
    case PolicyKind::kTrust:
      return "the trust policy of " + request.resource;
    case PolicyKind::kBoundary:
      return with_source("the permissions boundary of " + identity_owner(request.principal),
                         source);
    case PolicyKind::kSession:
      return source.empty() ? std::string("a session policy, given when the session is asked for")
                            : with_source("the session policy", source);
    case PolicyKind::kScp:
      return with_source("a service control policy at " + level_of(level), source);
    case PolicyKind::kRcp:
      break;
  }
  return with_source("a resource control policy at " + level_of(level), source);
}

}  // namespace ecr::api::admin
