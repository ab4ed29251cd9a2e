#include "api/images/repository_creation.h"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "api/images/repository_settings.h"
#include "schemas/base/json.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api::creation {
namespace {

using base::Json;

constexpr std::string_view kRoot = "ROOT";

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::kReplication:
      return "REPLICATION";
    case Reason::kPullThroughCache:
      return "PULL_THROUGH_CACHE";
    case Reason::kPush:
      break;
  }
  return "CREATE_ON_PUSH";
}

// A template names the reasons it is made for (appliedFor); for any other reason it does not exist.
bool applies(const storage::CreationTemplate& candidate, Reason reason) {
  const Json body = Json::parse(candidate.body);
  const Json& reasons = body.at("appliedFor");
  return std::find(reasons.begin(), reasons.end(), name_of(reason)) != reasons.end();
}

// The template was validated when it was put: these do not throw. scanOnPush is no member of a
// template. The policy names its principals by unique id; one that was put by an older program may
// name them by ARN, and is pinned here at the latest.
void apply_settings(storage::sql::Txn& txn, const Json& body, storage::Repository& repository) {
  set_mutability(body, repository);
  set_encryption(body.value("encryptionConfiguration", Json::object()), repository.registry,
                 repository);
  const std::string policy = base::text_member(body, "repositoryPolicy");
  if (!policy.empty()) repository.policy = stored_principals(txn, policy);
}

void apply_rows(const Core& core, storage::sql::Txn& txn, const Json& body, std::int64_t repository,
                base::TimePoint now) {
  for (const auto& [key, value] : parse_tags(body.value("resourceTags", Json::array()))) {
    storage::put_repository_tag(txn, repository, key, value);
  }
  const std::string lifecycle = base::text_member(body, "lifecyclePolicy");
  if (lifecycle.empty()) return;
  // A new repository has no images: the first evaluation is due after a whole interval.
  storage::put_lifecycle_policy(txn, repository, lifecycle);
  enqueue_lifecycle(core, txn, repository, now + kLifecycleInterval);
}

}  // namespace

std::optional<storage::CreationTemplate> find_template(storage::sql::Txn& txn,
                                                       const model::RegistryId& registry,
                                                       const model::RepositoryName& repository,
                                                       Reason reason) {
  const std::string_view name = repository.text();
  // "a/b" and "a" are prefixes of "a/b/c": ECR assumes a slash at the end of each. AWS does not
  // document which of several wins; the most specific one does here.
  for (auto slash = name.rfind('/'); slash != std::string_view::npos;
       slash = slash == 0 ? std::string_view::npos : name.rfind('/', slash - 1)) {
    auto found = storage::find_creation_template(txn, registry, name.substr(0, slash));
    if (found && applies(*found, reason)) return found;
  }
  auto root = storage::find_creation_template(txn, registry, kRoot);
  if (root && applies(*root, reason)) return root;
  return std::nullopt;
}

storage::Repository create_repository(const Core& core, storage::sql::Txn& txn,
                                      const RepositoryKey& wanted,
                                      const std::optional<storage::CreationTemplate>& as,
                                      base::TimePoint now) {
  // Without a template: ECR's defaults, which are MUTABLE tags, AES256 and no policies.
  const Json body = as ? Json::parse(as->body) : Json::object();
  storage::Repository repository(wanted.registry, wanted.name);
  repository.created_at = now;
  apply_settings(txn, body, repository);
  const auto id = storage::insert_repository(txn, repository);
  // The caller has looked in the same write transaction.
  if (!id) throw std::logic_error("a repository that is there cannot be created");
  repository.id = *id;
  apply_rows(core, txn, body, repository.id, now);
  return repository;
}

}  // namespace ecr::api::creation
