#include "api/iam/simulation/simulation_input.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "auth/iam/match/condition_values.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::iam {
namespace {

using auth::iam::PolicyType;

[[noreturn]] void invalid(std::string message) {
  throw ApiError(ErrorCode::kInvalidInput, std::move(message));
}

// The error names the policy by its place in the request, because there may be several.
SimulatedPolicy read_policy(const std::string& document, PolicyType type, std::string id) {
  // Not remembered like stored policies: any caller can send new ones with each request, and would
  // fill the store.
  auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed) invalid(base::format("{}: {}", id, parsed.error().message));
  return {std::move(*parsed), std::move(id), document};
}

// True where the value is of the ContextKeyType, without its suffix "List".
bool has_type(std::string_view type, const std::string& value) {
  if (type == "numeric") return auth::iam::parse_number(value).has_value();
  if (type == "boolean") return auth::iam::parse_bool(value).has_value();
  if (type == "date") return auth::iam::parse_date(value).has_value();
  if (type == "ip") return auth::iam::IpNetwork::parse(value).has_value();
  if (type == "binary") return base::base64_decode(value).has_value();
  return true;
}

void add_entry(const Json& entry, auth::iam::Context& context) {
  for (const char* member : {"ContextKeyName", "ContextKeyValues", "ContextKeyType"}) {
    if (!entry.contains(member)) invalid(base::format("A context entry has no {}", member));
  }
  const auto name = entry["ContextKeyName"].get<std::string>();
  auto values = entry["ContextKeyValues"].get<std::vector<std::string>>();
  std::string_view type = entry["ContextKeyType"].get_ref<const std::string&>();
  const bool list = type.ends_with("List");
  if (list) type.remove_suffix(4);  // "List"
  for (const std::string& value : values) {
    if (!has_type(type, value)) {
      invalid(base::format("The value {} of context key {} is not of type {}", value, name, type));
    }
  }
  if (list) {
    context.set_multi(name, std::move(values));
  } else if (values.size() == 1) {
    context.set(name, values.front());
  } else {
    invalid(base::format("Context key {} of type {} has {} values", name, type, values.size()));
  }
}

// Service prefix and name only; the action does not have to exist.
bool is_action_name(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto is_word = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
  };
  return colon != std::string_view::npos && is_word(text.substr(0, colon)) &&
         is_word(text.substr(colon + 1));
}

}  // namespace

std::vector<SimulatedPolicy> policy_inputs(const Json& input, const char* member) {
  std::vector<SimulatedPolicy> policies;
  for (const Json& document : input.value(member, Json::array())) {
    policies.push_back(read_policy(document.get<std::string>(), PolicyType::kIdentity,
                                   base::format("{}.{}", member, policies.size() + 1)));
  }
  return policies;
}

// The ids are those of the other lists, with the level (inferred: no answer names them).
std::optional<std::vector<std::vector<auth::iam::AttachedPolicy>>> organization_policy_inputs(
    const Json& input) {
  constexpr const char* kMember = "OrderedOrganizationPolicyInputList";
  if (!input.contains(kMember)) return std::nullopt;
  std::vector<std::vector<auth::iam::AttachedPolicy>> levels;
  for (const Json& level : input[kMember]) {
    levels.emplace_back();
    for (const Json& document : level.value("ServiceControlPolicyInputList", Json::array())) {
      const auto policy =
          read_policy(document.get<std::string>(), PolicyType::kScp,
                      base::format("{}.{}.{}", kMember, levels.size(), levels.back().size() + 1));
      levels.back().push_back({policy.policy, policy.id});
    }
  }
  return levels;
}

namespace {

bool is_aws_managed(const std::string& arn) { return arn.find("::aws:policy/") != arn.npos; }

// An element has one of three members: a union, in the model's words.
bool names_policy(const Json& exclusion, const SimulatedPolicy& policy) {
  if (exclusion.contains("PolicyArn")) {
    return !policy.arn.empty() && exclusion["PolicyArn"] == policy.arn;
  }
  if (exclusion.contains("InlinePolicyIdentifier")) {
    const Json& named = exclusion["InlinePolicyIdentifier"];
    return policy.inline_of == base::format("{}/{}/{}", named.value("AttachmentType", ""),
                                            named.value("AttachmentName", ""),
                                            named.value("PolicyName", ""));
  }
  const std::string type = exclusion.value("PolicyType", "");
  if (type == "inline") return !policy.inline_of.empty();
  if (policy.arn.empty()) return false;
  return type == (is_aws_managed(policy.arn) ? "aws-managed" : "user-managed");
}

bool excludes_type(const Json& exclusions, std::string_view type) {
  return std::any_of(exclusions.begin(), exclusions.end(), [&](const Json& exclusion) {
    return exclusion.value("PolicyType", "") == type;
  });
}

}  // namespace

// That a boundary goes with its ARN or its own type, not with that of managed policies, is
// inferred.
void exclude_policies(const Json& input, Simulation& simulation) {
  const Json exclusions = input.value("PolicyExclusionList", Json::array());
  const auto names = [&](const SimulatedPolicy& policy) {
    return std::any_of(exclusions.begin(), exclusions.end(),
                       [&](const Json& exclusion) { return names_policy(exclusion, policy); });
  };
  std::erase_if(simulation.identity, names);
  std::erase_if(simulation.boundaries, [&](const SimulatedPolicy& policy) {
    if (excludes_type(exclusions, "permission-boundary")) return true;
    return std::any_of(exclusions.begin(), exclusions.end(), [&](const Json& exclusion) {
      return exclusion.contains("PolicyArn") && names_policy(exclusion, policy);
    });
  });
  if (excludes_type(exclusions, "scp")) simulation.scps.reset();
}

// PolicyType::kAny: the policy may be one of any service, with or without Resource.
std::optional<SimulatedPolicy> resource_policy_input(const Json& input) {
  if (!input.contains("ResourcePolicy")) return std::nullopt;
  return read_policy(input["ResourcePolicy"].get<std::string>(), PolicyType::kAny,
                     "ResourcePolicy");
}

std::string resource_owner_input(const Json& input) {
  if (!input.contains("ResourceOwner")) return {};
  const auto text = input["ResourceOwner"].get<std::string>();
  if (model::is_account_id(text)) return text;
  const auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam" || !model::is_account_id(arn->account)) {
    invalid(base::format("ResourceOwner {} is not the ARN of an account", text));
  }
  return arn->account;
}

auth::iam::Context context_entries(const Json& input) {
  auth::iam::Context context;
  for (const Json& entry : input.value("ContextEntries", Json::array())) add_entry(entry, context);
  return context;
}

std::vector<std::string> action_names(const Json& input) {
  auto names = input["ActionNames"].get<std::vector<std::string>>();
  for (const std::string& name : names) {
    // "This operation does not support using wildcards (*) in an action name" (API Reference).
    if (!is_action_name(name)) invalid(base::format("Invalid action name: {}", name));
  }
  return names;
}

std::vector<std::string> resource_arns(const Json& input) {
  auto arns = input.value("ResourceArns", std::vector<std::string>{});
  if (arns.empty()) arns.emplace_back("*");
  for (const std::string& arn : arns) {
    if (arn != "*" && !model::Arn::parse(arn)) {
      invalid(base::format("Invalid resource ARN: {}", arn));
    }
  }
  return arns;
}

}  // namespace ecr::api::iam
