// CreatePullThroughCacheRule, DescribePullThroughCacheRules, UpdatePullThroughCacheRule,
// DeletePullThroughCacheRule, ValidatePullThroughCacheRule. What rules do is api/pull_through/.
#include <nlohmann/json.hpp>

#include "api/core/access/operation.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/pull_through/rules.h"
#include "api/pull_through/upstreams.h"
#include "schemas/base/text.h"

namespace ecr::api::ecr {
namespace {

using storage::PullThroughRule;
using storage::sql::Access;

struct Stored {
  PullThroughRule row;
  pull_through::Rule rule;
};

// Who gives ECR a role to reach an upstream with must be allowed to pass it.
std::vector<Target> rule_targets(const Call& call) {
  std::vector<Target> targets = registry_target(call);
  const std::string role = text_member(call.input, "customRoleArn");
  if (!role.empty()) {
    targets.push_back(pass_role_target(call.txn, call.caller.account, role,
                                       "pullthroughcache.ecr.amazonaws.com"));
  }
  return targets;
}

void put_unless_empty(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

// What every answer says of a rule. The upstream's prefix is said only where it was given:
// Terraform takes a "ROOT" that nobody asked for as a change (integration/test_terraform_ecr.py).
Json rule_json(const Call& call, const pull_through::Rule& rule) {
  Json json = {{"ecrRepositoryPrefix", rule.prefix}, {"registryId", registry_id(call)}};
  put_unless_empty(json, "upstreamRepositoryPrefix", rule.upstream_prefix);
  put_unless_empty(json, "credentialArn", rule.credential_arn);
  put_unless_empty(json, "customRoleArn", rule.role_arn);
  return json;
}

// Of this and the other errors here AWS has published the types, not the texts.
ApiError rule_not_found(const Call& call, const std::string& prefix) {
  return {ErrorCode::kPullThroughRuleNotFound,
          base::format("The pull through cache rule with repository prefix '{}' does not exist in "
                       "the registry with id '{}'",
                       prefix, registry_id(call))};
}

Stored require_rule(const Call& call, const std::string& prefix) {
  auto row = storage::find_pull_through_rule(call.txn, registry_id(call), call.region,
                                             pull_through::key_of(prefix));
  if (!row) throw rule_not_found(call, prefix);
  pull_through::Rule rule = pull_through::read_rule(*row);
  return {std::move(*row), std::move(rule)};
}

Stored require_rule(const Call& call) {
  return require_rule(call, text_member(call.input, "ecrRepositoryPrefix"));
}

void check_secret(const Call& call, const std::string& arn) {
  const pull_through::Upstreams* upstreams = call.services.upstreams;
  const auto state = upstreams == nullptr ? pull_through::Secrets::State::kMissing
                                          : upstreams->find_secret(arn).state;
  switch (state) {
    case pull_through::Secrets::State::kGood:
      return;
    case pull_through::Secrets::State::kMissing:
      throw ApiError(ErrorCode::kSecretNotFound,
                     base::format("The secret with ARN '{}' does not exist (serve's option "
                                  "--upstream-secrets names the file of secrets)",
                                  arn));
    case pull_through::Secrets::State::kInaccessible:
      throw ApiError(ErrorCode::kUnableToAccessSecret,
                     base::format("The secret with ARN '{}' cannot be accessed", arn));
    case pull_through::Secrets::State::kUnreadable:
      throw ApiError(ErrorCode::kUnableToDecryptSecret,
                     base::format("The secret with ARN '{}' has no username and accessToken", arn));
  }
}

// Whether the registry is one that rules can name, by the operator's word or AWS's.
const pull_through::KnownRegistry* require_registry(const Call& call, pull_through::Rule& rule) {
  const auto unsupported = [&](const std::string& why) {
    return ApiError(
        ErrorCode::kUnsupportedUpstreamRegistry,
        base::format("The upstream registry '{}' is not supported: {}", rule.host, why));
  };
  if (!rule.registry.empty()) {
    const pull_through::KnownRegistry* named = pull_through::find_registry(rule.registry);
    if (named == nullptr || !pull_through::has_host(*named, rule.host)) {
      throw unsupported(base::format("it is not one of {}", rule.registry));
    }
    return named;
  }
  const pull_through::KnownRegistry* known = pull_through::registry_of_host(rule.host);
  if (known != nullptr) {
    rule.registry = known->name;
    return known;
  }
  const bool mapped =
      call.services.upstreams != nullptr && call.services.upstreams->is_mapped(rule.host);
  if (!mapped) throw unsupported("serve's option --upstream can add it");
  return nullptr;
}

void check_credentials(const Call& call, const pull_through::Rule& rule,
                       const pull_through::KnownRegistry* registry) {
  if (registry != nullptr && registry->credentials && rule.credential_arn.empty()) {
    throw ApiError::invalid_parameter(
        "credentialArn", base::format("Member must not be null for {}", registry->name));
  }
  if (registry != nullptr && !registry->credentials && !rule.credential_arn.empty()) {
    throw ApiError::invalid_parameter("credentialArn",
                                      base::format("Member must be null for {}", registry->name));
  }
  const bool is_ecr = registry != nullptr && registry->name == "ecr";
  if (!is_ecr && !rule.role_arn.empty()) {
    throw ApiError::invalid_parameter("customRoleArn", "Member must be null but for ecr");
  }
  if (is_ecr && rule.role_arn.empty() &&
      pull_through::ecr_account(rule.host) != registry_id(call)) {
    throw ApiError::invalid_parameter("customRoleArn",
                                      "Member must not be null for another account's registry");
  }
  if (!rule.credential_arn.empty()) check_secret(call, rule.credential_arn);
}

pull_through::Rule rule_of_input(const Call& call) {
  pull_through::Rule rule;
  rule.prefix = text_member(call.input, "ecrRepositoryPrefix");
  rule.host = text_member(call.input, "upstreamRegistryUrl");
  rule.registry = text_member(call.input, "upstreamRegistry");
  rule.credential_arn = text_member(call.input, "credentialArn");
  rule.role_arn = text_member(call.input, "customRoleArn");
  rule.upstream_prefix = text_member(call.input, "upstreamRepositoryPrefix");
  return rule;
}

Json create_rule(Call& call) {
  pull_through::Rule rule = rule_of_input(call);
  const pull_through::KnownRegistry* registry = require_registry(call, rule);
  check_credentials(call, rule, registry);
  const std::string& upstream = rule.upstream_prefix;
  if (rule.prefix == pull_through::kRoot && !upstream.empty() && upstream != pull_through::kRoot) {
    throw ApiError::invalid_parameter("upstreamRepositoryPrefix",
                                      "Member must be ROOT where ecrRepositoryPrefix is ROOT");
  }
  const std::string account = registry_id(call);
  const PullThroughRule row{pull_through::key_of(rule.prefix), pull_through::write_rule(rule),
                            call.now, call.now};
  if (storage::find_pull_through_rule(call.txn, account, call.region, row.prefix)) {
    throw ApiError(
        ErrorCode::kPullThroughRuleAlreadyExists,
        base::format(
            "The pull through cache rule with repository prefix '{}' already exists in the "
            "registry with id '{}'",
            rule.prefix, account));
  }
  if (storage::count_pull_through_rules(call.txn, account, call.region) >=
      pull_through::kMaxRules) {
    throw ApiError(ErrorCode::kLimitExceeded,
                   base::format("A registry can have at most {} pull through cache rules",
                                pull_through::kMaxRules));
  }
  storage::insert_pull_through_rule(call.txn, account, call.region, row);
  Json output = rule_json(call, rule);
  output["upstreamRegistryUrl"] = rule.host;
  put_unless_empty(output, "upstreamRegistry", rule.registry);
  output["createdAt"] = base::to_epoch_seconds(row.created_at);
  return output;
}

Json update_rule(Call& call) {
  Stored stored = require_rule(call);
  for (const auto& [name, member] :
       {std::pair("credentialArn", &pull_through::Rule::credential_arn),
        std::pair("customRoleArn", &pull_through::Rule::role_arn)}) {
    if (call.input.contains(name)) stored.rule.*member = text_member(call.input, name);
  }
  check_credentials(call, stored.rule, pull_through::find_registry(stored.rule.registry));
  stored.row.body = pull_through::write_rule(stored.rule);
  stored.row.updated_at = call.now;
  storage::update_pull_through_rule(call.txn, registry_id(call), call.region, stored.row);
  Json output = rule_json(call, stored.rule);
  output["updatedAt"] = base::to_epoch_seconds(stored.row.updated_at);
  return output;
}

Json delete_rule(Call& call) {
  const Stored stored = require_rule(call);
  storage::delete_pull_through_rule(call.txn, registry_id(call), call.region, stored.row.prefix);
  Json output = rule_json(call, stored.rule);
  output["upstreamRegistryUrl"] = stored.rule.host;
  output["createdAt"] = base::to_epoch_seconds(stored.row.created_at);
  return output;
}

Json described(const Call& call, const PullThroughRule& row) {
  const pull_through::Rule rule = pull_through::read_rule(row);
  Json json = rule_json(call, rule);
  json["upstreamRegistryUrl"] = rule.host;
  put_unless_empty(json, "upstreamRegistry", rule.registry);
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

Json describe_named_rules(Call& call, const Json& prefixes) {
  for (const char* other : {"nextToken", "maxResults"}) {
    if (call.input.contains(other)) {
      throw ApiError::invalid_parameter(other,
                                        "Member must be null when ecrRepositoryPrefixes is used");
    }
  }
  Json list = Json::array();
  for (const Json& prefix : prefixes) {
    list.push_back(described(call, require_rule(call, prefix.get<std::string>()).row));
  }
  return list;
}

Json describe_rules(Call& call) {
  Json output = Json::object();
  const auto prefixes = call.input.find("ecrRepositoryPrefixes");
  if (prefixes != call.input.end()) {
    output["pullThroughCacheRules"] = describe_named_rules(call, *prefixes);
    return output;
  }
  const std::string listing = "DescribePullThroughCacheRules\n" + registry_id(call);
  const Page page = read_page(call, listing);
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  auto found = storage::list_pull_through_rules(call.txn, registry_id(call), call.region, after,
                                                page.limit + 1);
  if (static_cast<std::int64_t>(found.size()) > page.limit) {
    found.pop_back();
    output["nextToken"] = next_token(call, listing, {found.back().prefix});
  }
  output["pullThroughCacheRules"] = Json::array();
  for (const auto& row : found) output["pullThroughCacheRules"].push_back(described(call, row));
  return output;
}

// Why the upstream cannot be used; empty: it can.
std::string ask(pull_through::Upstreams* upstreams, const pull_through::Rule& rule) {
  if (upstreams == nullptr) return "No upstream registry can be reached";
  try {
    upstreams->ping({rule.prefix, rule.host, "", rule.credential_arn});
  } catch (const pull_through::UpstreamError& error) {
    return error.what();
  }
  return {};
}

Json validate(Call& call) {
  const Stored stored = require_rule(call);
  if (!call.prepared.has_value()) {
    throw OutsideWork{[upstreams = call.services.upstreams, rule = stored.rule]() -> std::any {
      return ask(upstreams, rule);
    }};
  }
  const auto failure = std::any_cast<std::string>(call.prepared);
  Json output = rule_json(call, stored.rule);
  output["upstreamRegistryUrl"] = stored.rule.host;
  output["isValid"] = failure.empty();
  put_unless_empty(output, "failure", failure);
  return output;
}

constexpr Operation kPullThroughRuleOperations[] = {
    {"CreatePullThroughCacheRule", "ecr:CreatePullThroughCacheRule", Access::kWrite, rule_targets,
     create_rule},
    {"UpdatePullThroughCacheRule", "ecr:UpdatePullThroughCacheRule", Access::kWrite, rule_targets,
     update_rule},
    {"DeletePullThroughCacheRule", "ecr:DeletePullThroughCacheRule", Access::kWrite,
     registry_target, delete_rule},
    {"DescribePullThroughCacheRules", "ecr:DescribePullThroughCacheRules", Access::kRead,
     registry_target, describe_rules},
    {"ValidatePullThroughCacheRule", "ecr:ValidatePullThroughCacheRule", Access::kRead,
     registry_target, validate},
};

}  // namespace

std::vector<const Operation*> pull_through_operations() {
  return pointers(kPullThroughRuleOperations);
}

}  // namespace ecr::api::ecr
