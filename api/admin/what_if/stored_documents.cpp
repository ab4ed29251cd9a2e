#include "api/admin/what_if/stored_documents.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/operator_call.h"
#include "api/admin/what_if/targets.h"
#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::admin::what_if {
namespace {

using base::Json;
using storage::EntityKind;

// IAM User Guide, "IAM and AWS STS quotas".
constexpr std::size_t kVersionsOfPolicy = 5;

void add_managed(storage::sql::Txn& txn, const std::string& arn, ChangeKind kind,
                 std::vector<StoredDocument>& list) {
  const auto document = managed_document(txn, arn);
  if (!document) return;
  list.push_back({kind, arn, arn.substr(arn.rfind('/') + 1), *document,
                  find_aws_managed_policy(arn) == nullptr});
}

void add_own(storage::sql::Txn& txn, const storage::Entity& entity,
             std::vector<StoredDocument>& list) {
  for (const auto& policy : storage::inline_policies(txn, entity.id)) {
    list.push_back({ChangeKind::kInline, entity_arn(entity), policy.name, policy.document});
  }
  for (const std::string& arn : storage::attached_policies(txn, entity.id)) {
    add_managed(txn, arn, ChangeKind::kManaged, list);
  }
}

std::vector<StoredDocument> documents_of_identity(storage::sql::Txn& txn,
                                                  const storage::Entity& entity) {
  std::vector<StoredDocument> list;
  add_own(txn, entity, list);
  if (entity.kind == EntityKind::kUser) {
    for (const auto& group : storage::groups_of(txn, entity.id)) add_own(txn, group, list);
  }
  // The document of a boundary is that of a managed policy, which others may have, too.
  if (entity.boundary) add_managed(txn, *entity.boundary, ChangeKind::kBoundary, list);
  if (entity.trust_policy) {
    list.push_back(
        {ChangeKind::kTrust, entity_arn(entity), "", shown_principals(txn, *entity.trust_policy)});
  }
  return list;
}

void add_registry(storage::sql::Txn& txn, const model::RegistryId& registry,
                  std::vector<StoredDocument>& list) {
  if (const auto policy = storage::registry_policy(txn, registry)) {
    list.push_back(
        {ChangeKind::kRegistry, registry_arn(registry), "", shown_principals(txn, *policy)});
  }
}

// The members of a call that names a user, group or role: "UserName", and so on.
struct IdentityNames {
  std::string kind;    // "User", in the names of operations
  std::string member;  // "UserName"
};
IdentityNames names_of(EntityKind kind) {
  const std::string text = kind == EntityKind::kUser    ? "User"
                           : kind == EntityKind::kGroup ? "Group"
                                                        : "Role";
  return {text, text + "Name"};
}

// Carries one change out.
class Storing {
 public:
  Storing(const Services& services, const ControlPlane& control, const HttpRequest& http,
          const Change& change, bool force)
      : services_(services), control_(control), http_(http), change_(change), force_(force) {}

  void run() {
    switch (change_.kind) {
      case ChangeKind::kIdentity:
      case ChangeKind::kInline:
        if (change_.name.empty()) change_.fail("name", "is missing: of the inline policy");
        return store_inline(identity());
      case ChangeKind::kManaged:
        return store_managed();
      case ChangeKind::kBoundary:
        return store_boundary(identity());
      case ChangeKind::kTrust:
        return store_trust(identity());
      case ChangeKind::kRepository:
        return store_repository();
      case ChangeKind::kRegistry:
        return store_registry();
      case ChangeKind::kScp:
      case ChangeKind::kRcp:
        return store_control();
      case ChangeKind::kEndpoint:
        change_.fail(
            "kind",
            "the policy of the VPC endpoint is the file of --endpoint-policy: change that, "
            "and start the server again");
    }
  }

 private:
  storage::sql::Txn read() const {
    return services_.store.database().begin(storage::sql::Access::kRead);
  }

  storage::Entity identity() const {
    auto txn = read();
    auto found = find_identity(txn, change_.target);
    if (!found) change_.fail("target", "there is no user, group or role with this ARN");
    return std::move(*found);
  }

  // A call of IAM or Organizations in the partition of what it changes.
  void call_global(std::string_view service, std::string_view operation, const std::string& account,
                   std::string_view partition, const Json& input) {
    const auto* const world = model::find_partition(partition);
    const std::string region =
        world != nullptr ? std::string(world->global_region) : services_.settings.region;
    call_as_operator(services_, control_, http_, {service, operation, {account, region}}, input);
  }
  void call_iam(const storage::Entity& entity, const std::string& operation, Json input) {
    input[names_of(entity.kind).member] = entity.name;
    call_global("iam", operation, entity.account, entity.partition, input);
  }

  void store_inline(const storage::Entity& entity) {
    const std::string kind = names_of(entity.kind).kind;
    Json input = {{"PolicyName", change_.name}};
    if (change_.document) input["PolicyDocument"] = *change_.document;
    call_iam(entity, base::format("{}{}Policy", change_.document ? "Put" : "Delete", kind),
             std::move(input));
  }

  void store_boundary(const storage::Entity& entity) {
    if (change_.document) {
      change_.fail("document",
                   "a boundary is a managed policy: change it by kind managed and its ARN");
    }
    if (entity.kind == EntityKind::kGroup) change_.fail("target", "a group has no boundary");
    call_iam(entity, base::format("Delete{}PermissionsBoundary", names_of(entity.kind).kind),
             Json::object());
  }

  void store_trust(const storage::Entity& role) {
    if (role.kind != EntityKind::kRole) change_.fail("target", "is not the ARN of a role");
    if (!change_.document) change_.fail("document", "a role always has a trust policy");
    call_iam(role, "UpdateAssumeRolePolicy", {{"PolicyDocument", *change_.document}});
  }

  // The oldest version goes where there is no room, as infrastructure tools do it.
  void store_managed() {
    std::optional<storage::ManagedPolicy> policy;
    std::vector<storage::PolicyVersion> versions;
    {
      auto txn = read();
      policy = storage::find_managed_policy(txn, change_.target);
      if (policy) versions = storage::policy_versions(txn, policy->id);
    }
    if (!policy) {
      change_.fail("target", find_aws_managed_policy(change_.target) != nullptr
                                 ? "AWS's own policies cannot be changed"
                                 : "there is no managed policy with this ARN");
    }
    const std::string partition = model::Arn::parse(policy->arn)->partition;
    const auto call = [&](std::string_view operation, Json input) {
      input["PolicyArn"] = policy->arn;
      call_global("iam", operation, policy->account, partition, input);
    };
    if (!change_.document) return call("DeletePolicy", Json::object());
    if (versions.size() >= kVersionsOfPolicy) {
      const auto oldest = std::find_if(
          versions.rbegin(), versions.rend(),
          [&](const auto& version) { return version.version != policy->default_version; });
      call("DeletePolicyVersion", {{"VersionId", base::format("v{}", oldest->version)}});
    }
    call("CreatePolicyVersion", {{"PolicyDocument", *change_.document}, {"SetAsDefault", true}});
  }

  void store_repository() {
    const auto named = repository_named(change_.target);
    if (!named) change_.fail("target", "is not the ARN of a repository");
    Json input = {{"repositoryName", named->name}};
    if (change_.document) {
      input["policyText"] = *change_.document;
      input["force"] = force_;
    }
    call_as_operator(services_, control_, http_,
                     {"ecr", change_.document ? "SetRepositoryPolicy" : "DeleteRepositoryPolicy",
                      named->registry},
                     input);
  }

  void store_registry() {
    const auto registry = registry_named(change_.target);
    if (!registry) {
      change_.fail("target", "must be a registry, as arn:aws:ecr:us-east-1:111122223333:registry");
    }
    Json input = Json::object();
    if (change_.document) input["policyText"] = *change_.document;
    call_as_operator(
        services_, control_, http_,
        {"ecr", change_.document ? "PutRegistryPolicy" : "DeleteRegistryPolicy", *registry}, input);
  }

  void store_control() {
    std::optional<OrganizationPolicy> found;
    {
      auto txn = read();
      found = find_organization_policy(txn, change_.target);
    }
    const auto wanted = change_.kind == ChangeKind::kScp ? storage::ControlPolicyKind::kService
                                                         : storage::ControlPolicyKind::kResource;
    if (!found || found->policy.kind != wanted) {
      change_.fail("target", "there is no policy of this kind with this ARN or id");
    }
    Json input = {{"PolicyId", found->policy.id}};
    if (change_.document) input["Content"] = *change_.document;
    call_global("organizations", change_.document ? "UpdatePolicy" : "DeletePolicy",
                found->organization.management_account, found->organization.partition, input);
  }

  const Services& services_;
  const ControlPlane& control_;
  const HttpRequest& http_;
  const Change& change_;
  const bool force_;
};

}  // namespace

std::vector<StoredDocument> documents_of(storage::sql::Txn& txn, const std::string& target) {
  std::vector<StoredDocument> list;
  if (const auto entity = find_identity(txn, target)) return documents_of_identity(txn, *entity);
  if (managed_policy_exists(txn, target)) {
    add_managed(txn, target, ChangeKind::kManaged, list);
    return list;
  }
  if (const auto repository = find_repository(txn, target)) {
    if (repository->policy) {
      list.push_back(
          {ChangeKind::kRepository, target, "", shown_principals(txn, *repository->policy)});
    }
    add_registry(txn, repository->registry, list);
    return list;
  }
  if (const auto registry = registry_named(target)) {
    add_registry(txn, *registry, list);
    return list;
  }
  if (const auto found = find_organization_policy(txn, target)) {
    const bool service = found->policy.kind == storage::ControlPolicyKind::kService;
    list.push_back({service ? ChangeKind::kScp : ChangeKind::kRcp, target, found->policy.name,
                    found->policy.document});
    return list;
  }
  throw ParameterError("target",
                       "must be the ARN of a user, group, role, managed policy, repository, "
                       "registry or policy of an organization that is here");
}

void store_change(const Services& services, const ControlPlane& control, const HttpRequest& http,
                  const Change& change, bool force) {
  Storing(services, control, http, change, force).run();
}

}  // namespace ecr::api::admin::what_if
