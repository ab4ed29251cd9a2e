#include "api/admin/what_if/targets.h"

#include "api/core/access/principal_policies.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"
#include "schemas/model/repository_name.h"

namespace ecr::api::admin::what_if {
namespace {

constexpr std::string_view kRepository = "repository/";
constexpr std::string_view kSession = "assumed-role/";

// An ARN of ECR in the partition of its Region.
std::optional<model::Arn> ecr_arn(std::string_view text) {
  auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "ecr" || !model::is_account_id(arn->account) ||
      !model::is_region(arn->region) || arn->partition != model::partition_of(arn->region)) {
    return std::nullopt;
  }
  return arn;
}

}  // namespace

std::optional<storage::Entity> find_identity(storage::sql::Txn& txn, std::string_view text) {
  const auto arn = model::Arn::parse(text);
  if (!arn) return std::nullopt;
  if (arn->service == "sts" && arn->resource.starts_with(kSession)) {
    // assumed-role/<role without its path>/<session>
    const std::string rest = arn->resource.substr(kSession.size());
    auto role = storage::find_entity(txn, arn->account, storage::EntityKind::kRole,
                                     rest.substr(0, rest.find('/')));
    if (role && role->partition != arn->partition) role.reset();
    return role;
  }
  if (!arn->resource.starts_with("group/")) return entity_of_arn(txn, *arn);
  auto group = storage::find_entity(txn, arn->account, storage::EntityKind::kGroup,
                                    arn->resource.substr(arn->resource.rfind('/') + 1));
  if (group && entity_arn(*group) != text) group.reset();
  return group;
}

std::optional<RepositoryInArn> repository_named(std::string_view text) {
  auto arn = ecr_arn(text);
  if (!arn || !arn->resource.starts_with(kRepository)) return std::nullopt;
  return RepositoryInArn{{std::move(arn->account), std::move(arn->region)},
                         arn->resource.substr(kRepository.size())};
}

std::optional<storage::Repository> find_repository(storage::sql::Txn& txn, std::string_view arn) {
  const auto named = repository_named(arn);
  return named ? find_repository(txn, *named) : std::nullopt;
}

std::optional<storage::Repository> find_repository(storage::sql::Txn& txn,
                                                   const RepositoryInArn& named) {
  const auto name = model::RepositoryName::parse(named.name);
  return name ? storage::find_repository(txn, named.registry, *name) : std::nullopt;
}

std::optional<model::RegistryId> registry_named(std::string_view text) {
  auto arn = ecr_arn(text);
  if (!arn || arn->resource != "registry") return std::nullopt;
  return model::RegistryId{std::move(arn->account), std::move(arn->region)};
}

std::string registry_arn(const model::RegistryId& registry) {
  return base::format("arn:{}:ecr:{}:{}:registry", registry.partition(), registry.region,
                      registry.account);
}

// The id is the last part of the ARN; that of the organization is in the ARN, too.
std::optional<OrganizationPolicy> find_organization_policy(storage::sql::Txn& txn,
                                                           std::string_view target) {
  const auto arn = model::Arn::parse(target);
  if (arn && (arn->service != "organizations" || !arn->resource.starts_with("policy/"))) {
    return std::nullopt;
  }
  const std::string_view id = arn ? target.substr(target.rfind('/') + 1) : target;
  for (storage::Organization& organization : storage::organizations(txn)) {
    if (arn && arn->resource.find("/" + organization.id + "/") == std::string::npos) continue;
    if (auto policy = storage::find_control_policy(txn, organization.id, id)) {
      return OrganizationPolicy{std::move(organization), std::move(*policy)};
    }
  }
  return std::nullopt;
}

}  // namespace ecr::api::admin::what_if
