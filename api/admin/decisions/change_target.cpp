#include "api/admin/decisions/change_target.h"

#include <string>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advised_statement.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin {
namespace {

using auth::iam::DecidedBy;
using auth::iam::PrincipalKind;
using base::OrderedJson;

OrderedJson target_json(std::string_view kind, std::string_view target) {
  if (target.empty()) return {};
  return {{"kind", std::string(kind)}, {"target", std::string(target)}};
}

OrderedJson inline_json(std::string_view target, const OrderedJson& name) {
  if (target.empty()) return {};
  return {{"kind", "inline"}, {"target", std::string(target)}, {"name", name}};
}

// The user, or the role (or user) behind a session; empty: a root user or a service, whose
// permissions no policy of theirs gives.
std::string_view owner_arn(const auth::iam::Principal& principal) {
  const std::string& arn = principal.issuer.empty() ? principal.arn : principal.issuer;
  const bool is_entity =
      arn.find(":user/") != std::string::npos || arn.find(":role/") != std::string::npos;
  return is_entity ? std::string_view(arn) : std::string_view();
}

// "inline policy pull of user jane": neither name has a blank in it (IAM API Reference,
// policyNameType and userNameType). It is the principal's own where the names are the same.
OrderedJson inline_policy_json(const auth::iam::Principal& principal, std::string_view source) {
  constexpr std::string_view kFront = "inline policy ";
  if (!source.starts_with(kFront)) return {};
  source.remove_prefix(kFront.size());
  const std::string name(source.substr(0, source.find(' ')));
  const std::string_view owner = owner_arn(principal);
  const std::string kind = owner.find(":role/") != std::string_view::npos ? "role" : "user";
  const std::string_view own_name = owner.substr(owner.rfind('/') + 1);
  if (owner.empty() || source != base::format("{} of {} {}", name, kind, own_name)) return {};
  return inline_json(owner, name);
}

OrderedJson registry_json(const auth::iam::Request& request) {
  const auto* region = request.context.find_lower("aws:requestedregion");
  const auto arn = model::Arn::parse(request.resource);
  const std::string name = arn && !arn->region.empty() ? arn->region
                           : region != nullptr         ? region->values.at(0)
                                                       : "";
  if (name.empty()) return {};
  return target_json("registry",
                     base::format("arn:{}:ecr:{}:{}:registry", model::partition_of(name), name,
                                  request.resource_account));
}

OrderedJson resource_json(const auth::iam::Request& request, std::string_view source) {
  if (source.starts_with("registry policy of ")) return registry_json(request);
  switch (policy_kind_for(request, DecidedBy::kResource)) {
    case PolicyKind::kRepository:
      return target_json("repository", request.resource);
    case PolicyKind::kTrust:
      return target_json("trust", request.resource);
    default:
      return registry_json(request);
  }
}

// "p-nopush no pushes at ou-prod": the id is the first word.
OrderedJson control_json(std::string_view kind, std::string_view source) {
  return target_json(kind, source.substr(0, source.find(' ')));
}

}  // namespace

OrderedJson change_target_json(const auth::iam::Request& request, DecidedBy type,
                               std::string_view source) {
  if (source.starts_with("arn:")) return target_json("managed", source);
  switch (type) {
    case DecidedBy::kIdentity:
      return source.empty() ? inline_json(owner_arn(request.principal), nullptr)
                            : inline_policy_json(request.principal, source);
    case DecidedBy::kResource:
      return resource_json(request, source);
    case DecidedBy::kScp:
      return control_json("scp", source);
    case DecidedBy::kRcp:
      return control_json("rcp", source);
    case DecidedBy::kBoundary:
    case DecidedBy::kSession:
    case DecidedBy::kScopeDown:
    case DecidedBy::kEndpoint:  // a file of the operator's
      break;
  }
  return {};
}

}  // namespace ecr::api::admin
