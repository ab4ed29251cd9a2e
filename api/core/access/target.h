// Targets: the things that a request acts on, about which the gate decides (gate.h), and the one
// builder for each kind that more than one plane needs. Values; the builders read rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/access/request.h"
#include "auth/iam/evaluate.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api {

// One thing that a request acts on, with one action. A request may have several.
struct Target {
  std::string action;    // "ecr:PutImage"
  std::string resource;  // an ARN, or "*"
  std::string account;   // its owner
  storage::Tags resource_tags;
  // Resource policies as stored: the repository's, the registry's.
  std::vector<auth::iam::AttachedPolicy> policies;
  // Further condition keys of this action (ecr:AccountSetting, sts:ExternalId, ...).
  std::vector<std::pair<std::string, std::string>> context;
  std::vector<std::pair<std::string, std::vector<std::string>>> multivalued_context;
  // Tags that the request sends, where it sends any (aws:RequestTag, aws:TagKeys).
  std::optional<storage::Tags> request_tags;
  // Tag keys without values (UntagResource).
  std::vector<std::string> request_tag_keys;
  // The text of a refusal where it is not AWS's usual sentence; empty: that sentence.
  std::string denial;
  // The name of the resource in that sentence, where it is not `resource` ("user jane").
  std::string shown_resource;
};

// The request's action on a resource of the caller's account: an ARN, or "*".
Target plain_target(const Request& request, std::string resource);

// The action on a repository of that registry. `repository` null: it does not exist
// (yet); the action is then decided on the ARN it would have.
Target make_repository_target(const Request& request, std::string_view action,
                              const model::RegistryId& registry, const model::RepositoryName& name,
                              const storage::Repository* repository);
// The action on what is not known to be a repository: `names` stands in the ARN as it is, and may
// be a pattern ("*", "team/*"), which only policies for all that it covers allow.
Target make_repositories_target(const Request& request, std::string_view action,
                                const model::RegistryId& registry, std::string_view names);

// The policies that decide about a repository of that registry: the registry's, and the
// repository's own. `repository` null: it does not exist.
std::vector<auth::iam::AttachedPolicy> repository_policies(
    const Core& core, storage::sql::Txn& txn, const model::RegistryId& registry,
    const storage::Repository* repository, const PolicyReader& reader = stored_policies());
// The trust policy of a role, where it has one.
std::vector<auth::iam::AttachedPolicy> trust_policies(
    const Core& core, const storage::Entity& role, const PolicyReader& reader = stored_policies());

// Adds the registry's policy to `target`, where the policy's scope covers the action.
void attach_registry_policy(const Request& request, const model::RegistryId& registry,
                            Target& target);

// The tags of a user, role or other resource of IAM: conditions know each of them as
// aws:ResourceTag/k, which the gate adds for every service, and as IAM's own iam:ResourceTag/k.
void set_iam_tags(Target& target, storage::Tags tags);

// iam:PassRole: a caller that gives a service a role to act as must be allowed to pass that role.
// `service`: the one that gets it, "ec2.amazonaws.com" (iam:PassedToService). `account`: the
// caller's: a role of another account cannot be passed, whatever policies say. `role_arn` may be of
// a role that does not exist. Source: AWS IAM User Guide, "Grant a user permissions to pass a role
// to an AWS service".
Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, std::string_view service);
// The same of a role that was looked up already; nullopt: it does not exist.
Target pass_role_target(storage::sql::Txn& txn, const std::string& account,
                        const std::string& role_arn, const std::optional<storage::Entity>& role,
                        std::string_view service);

}  // namespace ecr::api
