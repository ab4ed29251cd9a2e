#include "api/pull_through/rules.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/aws_hosts.h"

namespace ecr::api::pull_through {
namespace {

using base::Json;
using base::text_member;

// ECR API Reference, "CreatePullThroughCacheRule" (upstreamRegistry), and the user guide's table of
// upstream registry URLs. Those with `true` need a secret (credentialArn), the others take none.
constexpr KnownRegistry kRegistries[] = {
    {"ecr", "", false},
    {"ecr-public", "public.ecr.aws", false},
    {"quay", "quay.io", false},
    {"k8s", "registry.k8s.io", false},
    {"docker-hub", "registry-1.docker.io", true},
    {"github-container-registry", "ghcr.io", true},
    {"azure-container-registry", ".azurecr.io", true},
    {"gitlab-container-registry", "registry.gitlab.com", true},
    {"chainguard", "cgr.dev", true},
};

}  // namespace

// Only AWS's own names are upstreams of the kind "ecr"; the account in it decides whether
// customRoleArn is needed.
std::string_view ecr_account(std::string_view host) {
  constexpr std::size_t kDigits = 12;
  const auto registry = model::parse_registry_host(host);
  const bool good = registry && !registry->fips && !registry->dual_stack &&
                    registry->domain == model::partition_of_region(registry->region).dns_suffix &&
                    host.ends_with(registry->domain);  // no port
  return good ? host.substr(0, kDigits) : std::string_view();
}

const KnownRegistry* find_registry(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kRegistries), std::end(kRegistries),
                   [name](const KnownRegistry& known) { return known.name == name; });
  return found == std::end(kRegistries) ? nullptr : found;
}

bool has_host(const KnownRegistry& registry, std::string_view host) {
  if (registry.name == "ecr") return !ecr_account(host).empty();
  if (!registry.host.starts_with('.')) return host == registry.host;
  return host.size() > registry.host.size() && host.ends_with(registry.host);
}

const KnownRegistry* registry_of_host(std::string_view host) {
  const auto* found =
      std::find_if(std::begin(kRegistries), std::end(kRegistries),
                   [host](const KnownRegistry& known) { return has_host(known, host); });
  return found == std::end(kRegistries) ? nullptr : found;
}

// Rows are kept without the slash, so that a registry cannot have both forms of one prefix.
std::string key_of(std::string_view prefix) {
  return std::string(prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix);
}

// Both are rows of this program alone, so their shape is not checked; members that an older program
// did not write are empty.
Rule read_rule(const storage::PullThroughRule& row) {
  const Json json = Json::parse(row.body);
  return {text_member(json, "prefix"),   text_member(json, "host"),
          text_member(json, "registry"), text_member(json, "credentialArn"),
          text_member(json, "role"),     text_member(json, "upstreamPrefix")};
}

std::string write_rule(const Rule& rule) {
  return base::dump(Json{{"prefix", rule.prefix},
                         {"host", rule.host},
                         {"registry", rule.registry},
                         {"credentialArn", rule.credential_arn},
                         {"role", rule.role_arn},
                         {"upstreamPrefix", rule.upstream_prefix}});
}

// The prefix "a" is meant as "a/": it covers "a/b", and not "a" or "ab". ROOT covers every name
// that no other rule covers.
std::optional<Rule> find_rule(storage::sql::Txn& txn, const model::RegistryId& registry,
                              const model::RepositoryName& repository) {
  const std::string_view name = repository.text();
  for (auto slash = name.rfind('/'); slash != std::string_view::npos;
       slash = slash == 0 ? std::string_view::npos : name.rfind('/', slash - 1)) {
    const auto found = storage::find_pull_through_rule(txn, registry, name.substr(0, slash));
    if (found) return read_rule(*found);
  }
  const auto root = storage::find_pull_through_rule(txn, registry, kRoot);
  return root ? std::optional(read_rule(*root)) : std::nullopt;
}

// ECR User Guide, "Customizing repository prefixes for ECR to ECR pull through cache": the cache's
// prefix is replaced by the upstream's; ROOT stands for none.
Origin origin_of(const Rule& rule, const model::RepositoryName& name) {
  const std::string key = key_of(rule.prefix);
  const std::string upstream = key_of(rule.upstream_prefix);
  std::string_view rest = name.text();
  if (key != kRoot) rest.remove_prefix(key.size() + 1);
  std::string repository(rest);
  if (!upstream.empty() && upstream != kRoot) repository = base::format("{}/{}", upstream, rest);
  return {rule.prefix, rule.host, std::move(repository), rule.credential_arn};
}

Origin read_origin(const std::string& text_) {
  const Json json = Json::parse(text_);
  return {text_member(json, "prefix"), text_member(json, "host"), text_member(json, "repository"),
          text_member(json, "credentialArn")};
}

std::string write_origin(const Origin& origin) {
  return base::dump(Json{{"prefix", origin.prefix},
                         {"host", origin.host},
                         {"repository", origin.repository},
                         {"credentialArn", origin.credential_arn}});
}

}  // namespace ecr::api::pull_through
