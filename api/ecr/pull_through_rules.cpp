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
#include "schemas/model/arn.h"

namespace ecr::api::ecr {
namespace {

using storage::PullThroughRule;
using storage::sql::Access;

struct StoredRule {
  PullThroughRule row;
  pull_through::Rule rule;
};

// A caller that gives ECR a role to reach an upstream with must be allowed to pass that role:
// iam:PassRole, to the service that ECR's rules run as.
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

// The members that every answer has. The upstream's prefix is left out where the rule was created
// without one, although it then means "ROOT": Terraform takes a value that its configuration does
// not have for a change (integration/test_terraform_ecr.py).
Json rule_json(const Call& call, const pull_through::Rule& rule) {
  Json json = {{"ecrRepositoryPrefix", rule.prefix}, {"registryId", registry_id(call)}};
  put_unless_empty(json, "upstreamRepositoryPrefix", rule.upstream_prefix);
  put_unless_empty(json, "credentialArn", rule.credential_arn);
  put_unless_empty(json, "customRoleArn", rule.role_arn);
  return json;
}

// AWS has published the types of this and of the other errors here, not their texts.
ApiError rule_not_found(const Call& call, const std::string& prefix) {
  return {ErrorCode::kPullThroughRuleNotFound,
          base::format("The pull through cache rule with repository prefix '{}' does not exist in "
                       "the registry with id '{}'",
                       prefix, registry_id(call))};
}

// Rows are found by the prefix with its assumed slash: "team" and "team/" are one rule.
StoredRule require_rule(const Call& call, const std::string& prefix) {
  auto row = storage::find_pull_through_rule(call.txn, registry_id(call), call.region,
                                             pull_through::key_of(prefix));
  if (!row) throw rule_not_found(call, prefix);
  pull_through::Rule rule = pull_through::read_rule(*row);
  return {std::move(*row), std::move(rule)};
}

StoredRule require_rule(const Call& call) {
  return require_rule(call, text_member(call.input, "ecrRepositoryPrefix"));
}

// AWS reads the secret from Secrets Manager; here a file of secrets that `serve` was given takes
// its place. The three errors are ECR's.
void check_secret(const Call& call, const std::string& arn) {
  // ECR User Guide, "Creating a pull through cache rule": the secret's account and Region are the
  // rule's. Which error AWS answers otherwise is inferred.
  const auto secret = model::Arn::parse(arn);
  if (!secret || secret->account != registry_id(call) || secret->region != call.region) {
    throw ApiError(ErrorCode::kUnableToAccessSecret,
                   base::format("The secret with ARN '{}' is not of the account {} and the Region "
                                "{}, which the pull through cache rule is in",
                                arn, registry_id(call), call.region));
  }
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

// The upstream registries that ECR supports, by the host name or by upstreamRegistry; the latter is
// taken from the former where it is missing. Null: `serve` was told to map this host to another
// address (--upstream), which AWS does not have. Throws UnsupportedUpstreamRegistryException.
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
  // An upstream of the operator's own: a test registry, for example.
  const bool mapped =
      call.services.upstreams != nullptr && call.services.upstreams->is_mapped(rule.host);
  if (!mapped) throw unsupported("serve's option --upstream can add it");
  return nullptr;
}

// Some upstreams need credentials, some have none: ECR User Guide, "Creating a pull through cache
// rule". Only another account's ECR needs a role.
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
  // Another account's registry can be read only by a role that account trusts.
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

// All of the input's members; those that it does not have are empty.
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

// In this order: the registry, its credentials, the upstream's prefix, whether the prefix is taken,
// and the quota. ECR's own order is not documented.
Json create_rule(Call& call) {
  pull_through::Rule rule = rule_of_input(call);
  const pull_through::KnownRegistry* registry = require_registry(call, rule);
  check_credentials(call, rule, registry);
  const std::string& upstream = rule.upstream_prefix;
  // A rule for every name cannot add a prefix to them (ECR API Reference).
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
  // ECR service quotas: 50 rules in a registry.
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

// Only credentials and role can be changed (ECR API Reference); the answer has updatedAt and
// neither the upstream's URL nor createdAt.
Json update_rule(Call& call) {
  StoredRule stored = require_rule(call);
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

// The repositories that the rule has created stay, with their images.
Json delete_rule(Call& call) {
  const StoredRule stored = require_rule(call);
  storage::delete_pull_through_rule(call.txn, registry_id(call), call.region, stored.row.prefix);
  Json output = rule_json(call, stored.rule);
  output["upstreamRegistryUrl"] = stored.rule.host;
  output["createdAt"] = base::to_epoch_seconds(stored.row.created_at);
  return output;
}

// A rule in the answer of DescribePullThroughCacheRules: with everything, unlike the other answers.
Json described(const Call& call, const PullThroughRule& row) {
  const pull_through::Rule rule = pull_through::read_rule(row);
  Json json = rule_json(call, rule);
  json["upstreamRegistryUrl"] = rule.host;
  put_unless_empty(json, "upstreamRegistry", rule.registry);
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

// The first prefix without a rule is the error of the whole call.
Json describe_named_rules(Call& call, const Json& prefixes) {
  refuse_paging(call, "ecrRepositoryPrefixes");
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
  const Page page = requested_page(call, listing);
  auto found = storage::list_pull_through_rules(call.txn, registry_id(call), call.region,
                                                page.after(), page.query_limit());
  const auto token = page.cut(found, [](const PullThroughRule& row) { return row.prefix; });
  if (token) output["nextToken"] = *token;
  output["pullThroughCacheRules"] = Json::array();
  for (const auto& row : found) output["pullThroughCacheRules"].push_back(described(call, row));
  return output;
}

// Why the upstream cannot be used; empty: it can.
std::string ping(pull_through::Upstreams* upstreams, const pull_through::Rule& rule) {
  if (upstreams == nullptr) return "No upstream registry can be reached";
  try {
    upstreams->ping({rule.prefix, rule.host, "", rule.credential_arn});
  } catch (const pull_through::UpstreamError& error) {
    return error.what();
  }
  return {};
}

// An upstream that does not answer is no error of the call: isValid is false, and failure says why.
// The upstream is asked outside of the transaction.
Json validate(Call& call) {
  const StoredRule stored = require_rule(call);
  if (!call.prepared.has_value()) {
    // The first run: the transaction is given up while the upstream is asked.
    throw OutsideWork{[upstreams = call.services.upstreams, rule = stored.rule]() -> std::any {
      return ping(upstreams, rule);
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

std::vector<const Operation*> pull_through_rule_operations() {
  return pointers(kPullThroughRuleOperations);
}

}  // namespace ecr::api::ecr
