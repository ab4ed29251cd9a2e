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
std::vector<Target> rule_targets(const ApiRequest& request) {
  std::vector<Target> targets = registry_target(request);
  const std::string role = text_member(request.input, "customRoleArn");
  if (!role.empty()) {
    targets.push_back(pass_role_target(request.txn, request.caller.account, role,
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
Json rule_json(const ApiRequest& request, const pull_through::Rule& rule) {
  Json json = {{"ecrRepositoryPrefix", rule.prefix}, {"registryId", registry_of(request).account}};
  put_unless_empty(json, "upstreamRepositoryPrefix", rule.upstream_prefix);
  put_unless_empty(json, "credentialArn", rule.credential_arn);
  put_unless_empty(json, "customRoleArn", rule.role_arn);
  return json;
}

// AWS has published the types of this and of the other errors here, not their texts.
ApiError rule_not_found(const ApiRequest& request, const std::string& prefix) {
  return {ErrorCode::kPullThroughRuleNotFound,
          base::format("The pull through cache rule with repository prefix '{}' does not exist in "
                       "the registry with id '{}'",
                       prefix, registry_of(request).account)};
}

// Rows are found by the prefix with its assumed slash: "team" and "team/" are one rule.
StoredRule require_rule(const ApiRequest& request, const std::string& prefix) {
  auto row = storage::find_pull_through_rule(request.txn, registry_of(request),
                                             pull_through::key_of(prefix));
  if (!row) throw rule_not_found(request, prefix);
  pull_through::Rule rule = pull_through::read_rule(*row);
  return {std::move(*row), std::move(rule)};
}

StoredRule require_rule(const ApiRequest& request) {
  return require_rule(request, text_member(request.input, "ecrRepositoryPrefix"));
}

// AWS reads the secret from Secrets Manager; here a file of secrets that `serve` was given takes
// its place. The three errors are ECR's.
void check_secret(const ApiRequest& request, const std::string& arn) {
  // ECR User Guide, "Creating a pull through cache rule": the secret's account and Region are the
  // rule's. Which error AWS answers otherwise is inferred.
  const auto secret = model::Arn::parse(arn);
  if (!secret || secret->account != registry_of(request).account ||
      secret->region != request.registry.region) {
    throw ApiError(ErrorCode::kUnableToAccessSecret,
                   base::format("The secret with ARN '{}' is not of the account {} and the Region "
                                "{}, which the pull through cache rule is in",
                                arn, registry_of(request).account, request.registry.region));
  }
  const pull_through::Upstreams* upstreams = request.services.upstreams;
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
const pull_through::KnownRegistry* require_registry(const ApiRequest& request,
                                                    pull_through::Rule& rule) {
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
      request.services.upstreams != nullptr && request.services.upstreams->is_mapped(rule.host);
  if (!mapped) throw unsupported("serve's option --upstream can add it");
  return nullptr;
}

// Some upstreams need credentials, some have none: ECR User Guide, "Creating a pull through cache
// rule". Only another account's ECR needs a role.
void check_credentials(const ApiRequest& request, const pull_through::Rule& rule,
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
      pull_through::ecr_account(rule.host) != registry_of(request).account) {
    throw ApiError::invalid_parameter("customRoleArn",
                                      "Member must not be null for another account's registry");
  }
  if (!rule.credential_arn.empty()) check_secret(request, rule.credential_arn);
}

// All of the input's members; those that it does not have are empty.
pull_through::Rule rule_of_input(const ApiRequest& request) {
  pull_through::Rule rule;
  rule.prefix = text_member(request.input, "ecrRepositoryPrefix");
  rule.host = text_member(request.input, "upstreamRegistryUrl");
  rule.registry = text_member(request.input, "upstreamRegistry");
  rule.credential_arn = text_member(request.input, "credentialArn");
  rule.role_arn = text_member(request.input, "customRoleArn");
  rule.upstream_prefix = text_member(request.input, "upstreamRepositoryPrefix");
  return rule;
}

// In this order: the registry, its credentials, the upstream's prefix, whether the prefix is taken,
// and the quota. ECR's own order is not documented.
Json create_rule(ApiRequest& request) {
  pull_through::Rule rule = rule_of_input(request);
  const pull_through::KnownRegistry* known = require_registry(request, rule);
  check_credentials(request, rule, known);
  const std::string& upstream = rule.upstream_prefix;
  // A rule for every name cannot add a prefix to them (ECR API Reference).
  if (rule.prefix == pull_through::kRoot && !upstream.empty() && upstream != pull_through::kRoot) {
    throw ApiError::invalid_parameter("upstreamRepositoryPrefix",
                                      "Member must be ROOT where ecrRepositoryPrefix is ROOT");
  }
  const model::RegistryId registry = registry_of(request);
  const PullThroughRule row{pull_through::key_of(rule.prefix), pull_through::write_rule(rule),
                            request.now, request.now};
  if (storage::find_pull_through_rule(request.txn, registry, row.prefix)) {
    throw ApiError(
        ErrorCode::kPullThroughRuleAlreadyExists,
        base::format(
            "The pull through cache rule with repository prefix '{}' already exists in the "
            "registry with id '{}'",
            rule.prefix, registry.account));
  }
  // ECR service quotas: 50 rules in a registry.
  if (storage::count_pull_through_rules(request.txn, registry) >= pull_through::kMaxRules) {
    throw ApiError(ErrorCode::kLimitExceeded,
                   base::format("A registry can have at most {} pull through cache rules",
                                pull_through::kMaxRules));
  }
  storage::insert_pull_through_rule(request.txn, registry, row);
  Json output = rule_json(request, rule);
  output["upstreamRegistryUrl"] = rule.host;
  put_unless_empty(output, "upstreamRegistry", rule.registry);
  output["createdAt"] = base::to_epoch_seconds(row.created_at);
  return output;
}

// Only credentials and role can be changed (ECR API Reference); the answer has updatedAt and
// neither the upstream's URL nor createdAt.
Json update_rule(ApiRequest& request) {
  StoredRule stored = require_rule(request);
  for (const auto& [name, member] :
       {std::pair("credentialArn", &pull_through::Rule::credential_arn),
        std::pair("customRoleArn", &pull_through::Rule::role_arn)}) {
    if (request.input.contains(name)) stored.rule.*member = text_member(request.input, name);
  }
  check_credentials(request, stored.rule, pull_through::find_registry(stored.rule.registry));
  stored.row.body = pull_through::write_rule(stored.rule);
  stored.row.updated_at = request.now;
  storage::update_pull_through_rule(request.txn, registry_of(request), stored.row);
  Json output = rule_json(request, stored.rule);
  output["updatedAt"] = base::to_epoch_seconds(stored.row.updated_at);
  return output;
}

// The repositories that the rule has created stay, with their images.
Json delete_rule(ApiRequest& request) {
  const StoredRule stored = require_rule(request);
  storage::delete_pull_through_rule(request.txn, registry_of(request), stored.row.prefix);
  Json output = rule_json(request, stored.rule);
  output["upstreamRegistryUrl"] = stored.rule.host;
  output["createdAt"] = base::to_epoch_seconds(stored.row.created_at);
  return output;
}

// A rule in the answer of DescribePullThroughCacheRules: with everything, unlike the other answers.
Json described(const ApiRequest& request, const PullThroughRule& row) {
  const pull_through::Rule rule = pull_through::read_rule(row);
  Json json = rule_json(request, rule);
  json["upstreamRegistryUrl"] = rule.host;
  put_unless_empty(json, "upstreamRegistry", rule.registry);
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

// The first prefix without a rule is the error of the whole call.
Json describe_named_rules(ApiRequest& request, const Json& prefixes) {
  refuse_paging(request, "ecrRepositoryPrefixes");
  Json list = Json::array();
  for (const Json& prefix : prefixes) {
    list.push_back(described(request, require_rule(request, prefix.get<std::string>()).row));
  }
  return list;
}

Json describe_rules(ApiRequest& request) {
  Json output = Json::object();
  const auto prefixes = request.input.find("ecrRepositoryPrefixes");
  if (prefixes != request.input.end()) {
    output["pullThroughCacheRules"] = describe_named_rules(request, *prefixes);
    return output;
  }
  const std::string listing = "DescribePullThroughCacheRules\n" + registry_of(request).account;
  const Page page = requested_page(request, listing);
  auto found = storage::list_pull_through_rules(request.txn, registry_of(request), page.after(),
                                                page.query_limit());
  const auto token = page.cut(found, [](const PullThroughRule& row) { return row.prefix; });
  if (token) output["nextToken"] = *token;
  output["pullThroughCacheRules"] = Json::array();
  for (const auto& row : found) output["pullThroughCacheRules"].push_back(described(request, row));
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
Json validate(ApiRequest& request) {
  const StoredRule stored = require_rule(request);
  if (!request.outside.has_value()) {
    // The first run: the transaction is given up while the upstream is asked.
    throw OutsideWork{[upstreams = request.services.upstreams, rule = stored.rule]() -> std::any {
      return ping(upstreams, rule);
    }};
  }
  const auto failure = std::any_cast<std::string>(request.outside);
  Json output = rule_json(request, stored.rule);
  output["upstreamRegistryUrl"] = stored.rule.host;
  output["isValid"] = failure.empty();
  put_unless_empty(output, "failure", failure);
  return output;
}

constexpr Operation kPullThroughRuleOperations[] = {
    {"CreatePullThroughCacheRule", "ecr:CreatePullThroughCacheRule", Access::kWrite,
     on<rule_targets, create_rule>},
    {"UpdatePullThroughCacheRule", "ecr:UpdatePullThroughCacheRule", Access::kWrite,
     on<rule_targets, update_rule>},
    {"DeletePullThroughCacheRule", "ecr:DeletePullThroughCacheRule", Access::kWrite,
     on<registry_target, delete_rule>},
    {"DescribePullThroughCacheRules", "ecr:DescribePullThroughCacheRules", Access::kRead,
     on<registry_target, describe_rules>},
    {"ValidatePullThroughCacheRule", "ecr:ValidatePullThroughCacheRule", Access::kRead,
     on<registry_target, validate>},
};

}  // namespace

std::vector<const Operation*> pull_through_rule_operations() {
  return pointers(kPullThroughRuleOperations);
}

}  // namespace ecr::api::ecr
