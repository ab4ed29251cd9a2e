#include "api/admin/decisions/advised_statement.h"

#include <algorithm>
#include <iterator>
#include <vector>

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

// Keys that say what a request asks for. Other keys say where and when it was sent, or what the
// resource is, which action and resource say already.
constexpr std::string_view kAskedKeys[] = {
    "aws:sourceaccount",       "aws:sourcearn",        "aws:tagkeys",
    "ecr:accountsetting",      "iam:awsservicename",   "iam:passedtoservice",
    "iam:permissionsboundary", "iam:policyarn",        "sts:externalid",
    "sts:sourceidentity",      "sts:transitivetagkeys"};

bool is_session(const Principal& principal) {
  return principal.kind == PrincipalKind::kRoleSession ||
         principal.kind == PrincipalKind::kFederatedUser;
}

// Keys that tell this caller from others that the statement's principal names as well, or, for an
// identity-based policy, from other sessions of the role that has it.
bool identifies_caller(const Request& request, bool resource_based, const std::string& key) {
  const Principal& principal = request.principal;
  // The ARN of a root user is that of its account, "*" is everyone.
  if (key == "aws:principalarn") return resource_based && principal.kind == PrincipalKind::kRoot;
  if (key == "aws:principaltype") {
    return resource_based && principal.kind == PrincipalKind::kAnonymous &&
           request.context.find_lower("aws:federatedprovider") == nullptr;
  }
  return is_session(principal) && key.starts_with("aws:principaltag/");
}

// The Condition of a statement that grants. Each condition compares with exactly the values of the
// request, so that it holds for it.
OrderedJson conditions_for(const Request& request, bool resource_based) {
  OrderedJson conditions = OrderedJson::object();
  const std::vector<std::string> claims = claim_keys(request);
  for (const auto& value : request.context.values()) {
    const bool asked = std::find(std::begin(kAskedKeys), std::end(kAskedKeys), value.key) !=
                           std::end(kAskedKeys) ||
                       value.key.starts_with("aws:requesttag/") ||
                       std::find(claims.begin(), claims.end(), value.key) != claims.end();
    if (value.values.empty() ||
        (!asked && !identifies_caller(request, resource_based, value.key))) {
      continue;
    }
    // Many values that are all empty count as none: the operators for sets and Null say so.
    if (value.multivalued && std::all_of(value.values.begin(), value.values.end(),
                                         [](const auto& text) { return text.empty(); })) {
      conditions["Null"][value.name] = "true";
      continue;
    }
    OrderedJson wanted = OrderedJson::array();
    for (const std::string& text : value.values) wanted.push_back(escape_variables(text));
    if (wanted.size() == 1) wanted = OrderedJson(wanted[0]);
    // Without an operator for sets a condition on many values never holds.
    const char* name = value.multivalued ? "ForAllValues:StringEquals" : "StringEquals";
    conditions[name][value.name] = std::move(wanted);
    // ForAllValues also holds for a request that does not have the key at all.
    if (value.multivalued) conditions["Null"][value.name] = "false";
  }
  return conditions;
}

// A boundary and an SCP grant nothing, they only stop limiting. But others have the same boundary
// or are below the same SCP, and may have been kept out by that alone.
OrderedJson limit_to_caller(const Request& request) {
  const auto* caller = request.context.find_lower("aws:principalarn");
  if (caller == nullptr || caller->multivalued || !ArnParts(caller->values[0]).is_arn) {
    return OrderedJson::object();
  }
  return {{"ArnEquals", {{"aws:PrincipalArn", escape_variables(caller->values[0])}}}};
}

// The ARN of the user or role whose identity-based policies apply.
std::string identity_owner(const Principal& principal) {
  return is_session(principal) && !principal.issuer.empty() ? principal.issuer : principal.arn;
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

bool can_be_given_to_other_accounts(std::string_view action) {
  const std::string service = base::to_lower(action.substr(0, action.find(':')));
  return service == "ecr" || service == "sts";
}

// GitHub: "OpenID Connect reference", "Example subject claims".
std::string caution_about(const Request& request, PolicyKind kind) {
  if (kind != PolicyKind::kTrust) return {};
  const std::vector<std::string> keys = claim_keys(request);
  if (keys.empty()) return {};
  const auto* subject = request.context.find_lower(keys.back());
  if (subject == nullptr || subject->values.empty()) {
    return "careful: the token names no subject, so that this lets in everyone whom the provider "
           "knows";
  }
  const std::string& text = subject->values[0];
  if (text.ends_with(":pull_request") || text.find(":pull_request:") != std::string::npos) {
    return "careful: every pull request of that repository has this subject, whoever opened it";
  }
  return {};
}

std::vector<std::string> claim_keys(const Request& request) {
  constexpr std::string_view kKind = "oidc-provider/";
  const auto* provider = request.context.find_lower("aws:federatedprovider");
  if (provider == nullptr || provider->values.empty()) return {};
  const std::string& arn = provider->values[0];
  if (arn.find(":saml-provider/") != std::string::npos) return {"saml:aud", "saml:sub"};
  const std::size_t at = arn.find(kKind);
  // A provider that IAM knows without an ARN is its issuer: "accounts.google.com".
  if (at == std::string::npos && arn.starts_with("arn:")) return {};
  const std::size_t begin = at == std::string::npos ? 0 : at + kKind.size();
  const std::string issuer = base::to_lower(std::string_view(arn).substr(begin));
  return {issuer + ":aud", issuer + ":sub"};
}

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
    case DecidedBy::kScopeDown:
      return PolicyKind::kScopeDown;
    case DecidedBy::kEndpoint:
      return PolicyKind::kEndpoint;
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
  const bool is_endpoint = kind == PolicyKind::kEndpoint;
  if (resource_based || is_endpoint) statement["Principal"] = principal_element(request);
  statement["Action"] = canonical_action(request.action);
  // A repository policy and a trust policy must not have a Resource: it is the one they belong to.
  if (kind != PolicyKind::kRepository && kind != PolicyKind::kTrust) {
    statement["Resource"] = resource_pattern(request.action, request.resource);
  }
  OrderedJson conditions = OrderedJson::object();
  if (resource_based || kind == PolicyKind::kIdentity) {
    conditions = conditions_for(request, resource_based);
  } else if (kind == PolicyKind::kBoundary || kind == PolicyKind::kScp ||
             (is_endpoint && request.principal.kind == PrincipalKind::kRoot)) {
    // The ARN of a root user in an endpoint's Principal is that of its whole account.
    conditions = limit_to_caller(request);
  }
  if (!conditions.empty()) statement["Condition"] = std::move(conditions);
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
    case PolicyKind::kScopeDown:
      return with_source("the scope-down policy", source);
    case PolicyKind::kEndpoint:
      return base::format("the {}", source.empty() ? "VPC endpoint policy" : source);
    case PolicyKind::kScp:
      return with_source("a service control policy at " + level_of(level), source);
    case PolicyKind::kRcp:
      break;
  }
  return with_source("a resource control policy at " + level_of(level), source);
}

}  // namespace ecr::api::admin
