// Pull-through cache rules: which upstream a repository's images come from. Stateless functions on
// values and rows; no upstream is asked here. Source: ECR User Guide, "Sync an upstream registry
// with an Amazon ECR private registry".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/pull_through.h"

namespace ecr::api::pull_through {

inline constexpr std::string_view kRoot = "ROOT";
inline constexpr std::int64_t kMaxRules = 50;  // of a registry (ECR service quotas)

// A kind of upstream, by the API's name of it.
struct KnownRegistry {
  std::string_view name;  // "docker-hub"
  std::string_view host;  // "registry-1.docker.io"; ".azurecr.io": any below it
  bool credentials;       // a secret is needed; else none is taken
};
const KnownRegistry* find_registry(std::string_view name);
// The one whose upstreams have such a host; null: none.
const KnownRegistry* registry_of_host(std::string_view host);
bool has_host(const KnownRegistry& registry, std::string_view host);
// "111122223333" of "111122223333.dkr.ecr.eu-west-1.amazonaws.com"; empty: another kind of host.
std::string_view ecr_account(std::string_view host);

struct Rule {
  std::string prefix;    // as it was given
  std::string host;      // upstreamRegistryUrl
  std::string registry;  // upstreamRegistry; empty: a registry that only this program knows
  std::string credential_arn;
  std::string role_arn;
  std::string upstream_prefix{};  // as it was given; empty: as ROOT
};
// "team" and "team/" are one prefix.
std::string key_of(std::string_view prefix);
Rule read_rule(const storage::PullThroughRule& row);
std::string write_rule(const Rule& rule);

// The rule for repositories of that name: the one of the most specific prefix.
std::optional<Rule> find_rule(storage::sql::Txn& txn, const model::RegistryId& registry,
                              const model::RepositoryName& name);

// Where a repository's images come from. Stored with an import, so that a changed rule does not
// matter to it.
struct Origin {
  std::string prefix;
  std::string host;
  std::string repository;  // the upstream's name for it
  std::string credential_arn;
};
// REQUIRES: the rule is the one for that name.
Origin origin_of(const Rule& rule, const model::RepositoryName& name);
Origin read_origin(const std::string& json);
std::string write_origin(const Origin& origin);

}  // namespace ecr::api::pull_through
