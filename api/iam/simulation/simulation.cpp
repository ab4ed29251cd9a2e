#include "api/iam/simulation/simulation.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "auth/iam/policy/authorization_data.h"
#include "auth/iam/policy/document_text.h"
#include "schemas/base/encoding.h"
#include "schemas/model/arn.h"

namespace ecr::api::iam {
namespace {

using auth::iam::DecidedBy;
using auth::iam::Decision;
using auth::iam::Outcome;
using auth::iam::TraceEntry;
using Json = nlohmann::json;

// The effects of the matching statements of a group of policies.
struct Effects {
  bool denies = false;
  bool allows = false;

  const char* decision() const {
    if (denies) return "explicitDeny";
    return allows ? "allowed" : "implicitDeny";
  }
};

const char* decision_name(Decision decision) {
  switch (decision) {
    case Decision::kAllowed:
      return "allowed";
    case Decision::kExplicitlyDenied:
      return "explicitDeny";
    case Decision::kImplicitlyDenied:
      break;
  }
  return "implicitDeny";
}

// An action without a resource type (ecr:GetAuthorizationToken) is decided on "*", whatever ARN the
// caller gives, as in a real request.
std::string decided_resource(const std::string& action, const std::string& resource) {
  const std::string lower = base::to_lower(action);
  const std::size_t colon = lower.find(':');
  const auto* service = auth::iam::find_service(std::string_view(lower).substr(0, colon));
  if (service == nullptr || colon == std::string::npos) return resource;
  for (const auto& known : service->actions) {
    if (known.lower == std::string_view(lower).substr(colon + 1)) {
      return known.wildcard_only ? "*" : resource;
    }
  }
  return resource;
}

// The account that owns the resource. Where the request says nothing of the other account, neither
// its policy nor its owner, the simulation covers the caller's side only: the resource then counts
// as one of the caller's account, because it would otherwise always be denied as a cross-account
// request without a resource-based policy.
std::string owner_of(const Simulation& simulation, const std::string& resource) {
  if (!simulation.resource_policy && simulation.resource_owner.empty()) {
    return simulation.principal.account;
  }
  const auto arn = model::Arn::parse(resource);
  if (arn && model::is_account_id(arn->account)) return arn->account;
  return simulation.resource_owner.empty() ? simulation.principal.account
                                           : simulation.resource_owner;
}

// ContextEntries are set last, so that they replace what is known of the principal.
auth::iam::Request make_request(const Simulation& simulation, const std::string& action,
                                const std::string& resource) {
  auth::iam::Request request;
  request.principal = simulation.principal;
  request.action = action;
  request.resource = decided_resource(action, resource);
  request.resource_account = owner_of(simulation, resource);
  request.context = simulation.principal_context;
  request.context.set("aws:ResourceAccount", request.resource_account);
  for (const auto& value : simulation.given_context.values()) {
    if (value.multivalued) {
      request.context.set_multi(value.name, value.values);
    } else {
      request.context.set(value.name, value.values.front());
    }
  }
  return request;
}

// A simulation has no session policies and no RCPs: the API has no parameter for them.
auth::iam::PolicySet make_policies(const Simulation& simulation, const std::string& action) {
  auth::iam::PolicySet set;
  for (const auto& one : simulation.identity) set.identity.push_back({one.policy, one.id});
  for (const auto& one : simulation.boundaries) set.boundaries.push_back({one.policy, one.id});
  if (simulation.resource_policy) {
    set.resource.push_back({simulation.resource_policy->policy, simulation.resource_policy->id});
  } else if (base::to_lower(action).starts_with("sts:")) {
    set.resource.push_back({simulation.delegation, ""});
  }
  if (simulation.scps) set.scps = *simulation.scps;
  return set;
}

// Adds the condition keys and variables of the policy, each once without regard to case.
void add_keys(const auth::iam::Policy& policy, std::vector<std::string>& keys) {
  for (std::string& key : auth::iam::context_keys(policy)) {
    const bool known = std::any_of(keys.begin(), keys.end(), [&](const auto& other) {
      return base::equals_ignore_case(other, key);
    });
    if (!known) keys.push_back(std::move(key));
  }
}

// One decision, and the parts of the answer that are derived from its trace.
class SimulatedDecision {
 public:
  SimulatedDecision(const Simulation& simulation, const std::string& action,
                    const std::string& resource)
      : simulation_(simulation),
        request_(make_request(simulation, action, resource)),
        policies_(make_policies(simulation, action)),
        verdict_(evaluate(request_, policies_)),
        boundary_(simulation.boundaries.size()),
        scp_(simulation.scps ? simulation.scps->size() : 0) {
    // IAM has an error of its own for this, PolicyEvaluation, of which it says no more than that.
    if (verdict_.over_budget) {
      throw ApiError(ErrorCode::kInvalidInput,
                     "The policies ask for more work than one decision may take.");
    }
    for (const TraceEntry& entry : verdict_.trace) add(entry);
    find_missing();
  }

  Json json(const std::string& action, const std::string& resource) const {
    Json out = {{"EvalActionName", action},
                {"EvalResourceName", resource},
                {"EvalDecision", decision_text()},
                {"MatchedStatements", matched_statements()},
                {"MissingContextValues", Json::array()}};
    if (!simulation_.boundaries.empty()) {
      out["PermissionsBoundaryDecisionDetail"] = {
          {"AllowedByPermissionsBoundary", every_allows(boundary_)}};
    }
    if (simulation_.scps) {
      out["OrganizationsDecisionDetail"] = {{"AllowedByOrganizations", every_allows(scp_)}};
      // "If an SCP denies access, the simulation ends" (IAM User Guide, "IAM policy testing with
      // the IAM policy simulator"): the answer has no details of the other policies. What was
      // missing is said nevertheless: it may be what the SCP asks for.
      if (!every_allows(scp_)) {
        out["MissingContextValues"] = missing_;
        return out;
      }
    }
    if (resource == "*") {
      out["MissingContextValues"] = missing_;
      return out;
    }
    out["EvalDecisionDetails"] = details();
    // These have no EvalDecisionDetails (recorded from IAM).
    Json specific = {{"EvalResourceName", resource},
                     {"EvalResourceDecision", out["EvalDecision"]},
                     {"MatchedStatements", out["MatchedStatements"]},
                     {"MissingContextValues", missing_}};
    if (out.contains("PermissionsBoundaryDecisionDetail")) {
      specific["PermissionsBoundaryDecisionDetail"] = out["PermissionsBoundaryDecisionDetail"];
    }
    out["ResourceSpecificResults"] = Json::array({std::move(specific)});
    return out;
  }

 private:
  // A denial by an SCP is explicitDeny, also where a level of the organization merely does not
  // allow: AWS calls that explicit in its sentences, too (evaluate.h).
  const char* decision_text() const {
    if (simulation_.scps && !every_allows(scp_)) return "explicitDeny";
    return decision_name(verdict_.decision);
  }

  static bool every_allows(const std::vector<Effects>& groups) {
    return std::all_of(groups.begin(), groups.end(),
                       [](const Effects& effects) { return effects.allows && !effects.denies; });
  }

  const SimulatedPolicy* source_of(const TraceEntry& entry) const {
    switch (entry.type) {
      case DecidedBy::kIdentity:
        return &simulation_.identity[entry.policy];
      case DecidedBy::kBoundary:
        return &simulation_.boundaries[entry.policy];
      case DecidedBy::kResource:
        return simulation_.resource_policy ? &*simulation_.resource_policy : nullptr;
      case DecidedBy::kSession:
      case DecidedBy::kScopeDown:
      case DecidedBy::kEndpoint:
      case DecidedBy::kScp:
      case DecidedBy::kRcp:
        break;
    }
    return nullptr;
  }

  void add(const TraceEntry& entry) {
    if (entry.outcome != Outcome::kMatched) return;
    switch (entry.type) {
      case DecidedBy::kIdentity:
        add_effect(identity_, simulation_.identity[entry.policy].policy, entry);
        break;
      case DecidedBy::kBoundary:
        add_effect(boundary_[entry.policy], simulation_.boundaries[entry.policy].policy, entry);
        break;
      case DecidedBy::kResource:
        add_effect(resource_, policies_.resource[entry.policy].policy, entry);
        break;
      case DecidedBy::kScp:
        add_effect(scp_[entry.level], policies_.scps[entry.level][entry.policy].policy, entry);
        break;
      case DecidedBy::kSession:
      case DecidedBy::kScopeDown:
      case DecidedBy::kEndpoint:
      case DecidedBy::kRcp:
        break;
    }
  }

  static void add_effect(Effects& effects, const auth::iam::PolicyPtr& policy,
                         const TraceEntry& entry) {
    (allows(*policy, entry.statement) ? effects.allows : effects.denies) = true;
  }

  // MissingContextValues: the condition keys and variables of all policies of the simulation that
  // the request does not have, also of statements about other actions ("required by the included
  // input policies", API Reference; aws-sdk-java-v2 issue 1751, boto3 issue 3111).
  void find_missing() {
    for (const SimulatedPolicy& one : simulation_.identity) add_keys(*one.policy, missing_);
    for (const SimulatedPolicy& one : simulation_.boundaries) add_keys(*one.policy, missing_);
    if (simulation_.resource_policy) add_keys(*simulation_.resource_policy->policy, missing_);
    for (const auto& level : policies_.scps) {
      for (const auto& one : level) add_keys(*one.policy, missing_);
    }
    std::erase_if(missing_,
                  [&](const std::string& key) { return request_.context.find(key) != nullptr; });
    std::sort(missing_.begin(), missing_.end());
  }

  // Where a boundary denies, AWS lists the statements that allow as well (seen in an answer without
  // a date).
  bool boundary_denies() const {
    return std::any_of(boundary_.begin(), boundary_.end(),
                       [](const Effects& effects) { return effects.denies; });
  }

  // The statements that decided: for an allow those that allow, for an explicit denial those that
  // deny, for an implicit denial none. An allow by the boundary grants nothing and is left out.
  Json matched_statements() const {
    Json list = Json::array();
    const bool organizations_deny = simulation_.scps && !every_allows(scp_);
    if (verdict_.decision == Decision::kImplicitlyDenied || organizations_deny) return list;
    for (const TraceEntry& entry : verdict_.trace) {
      const SimulatedPolicy* source = source_of(entry);
      if (source == nullptr || entry.outcome != Outcome::kMatched) continue;
      const bool allow = allows(*source->policy, entry.statement);
      if (allow && entry.type == DecidedBy::kBoundary) continue;
      if (allow != verdict_.allowed() && !(allow && boundary_denies())) continue;
      list.push_back(statement_json(*source, entry));
    }
    return list;
  }

  // The names of AWS's answers, although the model lists other values; that of resource-based
  // policies is inferred.
  static const char* source_type(DecidedBy type) {
    if (type == DecidedBy::kResource) return "Resource Policy";
    return type == DecidedBy::kBoundary ? "Permissions Boundary Policy" : "IAM Policy";
  }

  static Json statement_json(const SimulatedPolicy& source, const TraceEntry& entry) {
    Json json = {{"SourcePolicyId", source.id}, {"SourcePolicyType", source_type(entry.type)}};
    const auto positions = auth::iam::statement_positions(source.document);
    if (entry.statement >= positions.size()) return json;
    const auto& position = positions[entry.statement];
    json["StartPosition"] = {{"Line", position.begin.line}, {"Column", position.begin.column}};
    json["EndPosition"] = {{"Line", position.end.line}, {"Column", position.end.column}};
    return json;
  }

  // EvalDecisionDetails: "populated for only cross-account simulations" (API Reference). The names
  // of its keys are inferred.
  Json details() const {
    Json out = Json::object();
    if (request_.resource_account == simulation_.principal.account) return out;
    out["IAM Policy"] = identity_.decision();
    out["Resource Policy"] = resource_.decision();
    if (!boundary_.empty()) {
      out["Permissions Boundary Policy"] = boundary_denies()         ? "explicitDeny"
                                           : every_allows(boundary_) ? "allowed"
                                                                     : "implicitDeny";
    }
    return out;
  }

  const Simulation& simulation_;
  const auth::iam::Request request_;
  const auth::iam::PolicySet policies_;
  const auth::iam::Verdict verdict_;
  Effects identity_;
  Effects resource_;
  std::vector<Effects> boundary_;  // one for each policy
  std::vector<Effects> scp_;       // one for each level
  std::vector<std::string> missing_;
};

}  // namespace

Json simulate(const Simulation& simulation, const std::string& action,
              const std::string& resource) {
  return SimulatedDecision(simulation, action, resource).json(action, resource);
}

std::vector<std::string> context_keys_of(const std::vector<SimulatedPolicy>& policies) {
  std::vector<std::string> keys;
  for (const SimulatedPolicy& one : policies) add_keys(*one.policy, keys);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace ecr::api::iam
