// The resources of IAM operations for authorization, as the service authorization reference lists
// them, with the condition keys of each. For a resource that exists, the text of a refusal names
// its kind and name ("user jane"), for one that the request creates its ARN, as in published errors
// of AWS. Stateless functions on the request's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/operation.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/managed_policy.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// The user, group or role that the request names (or the calling user), with its tags and boundary;
// iam:PolicyARN, iam:PermissionsBoundary, tags of the request.
Resolved<NamedEntity> entity_target(const ApiRequest& request);
// The one that CreateUser, CreateGroup or CreateRole creates: account, kind, name and path are set.
Resolved<storage::Entity> new_entity_target(const ApiRequest& request);
// The one that gets another name or path: the caller needs the permission on the resource as it is
// and as it will be (API Reference, "UpdateUser": permissions on both the source and the target).
Resolved<NamedEntity> renamed_entity_target(const ApiRequest& request);
// "*", for actions that have no resource type.
std::vector<Target> account_target(const ApiRequest& request);
// The same for a listing: the text of a refusal names what is listed, with its path prefix,
// although the decision is on "*" (published errors).
enum class Listing { kUsers, kGroups, kRoles, kInstanceProfiles, kPolicies };
std::vector<Target> target_of_listing(const ApiRequest& request, Listing listing);
template <Listing kListing>
std::vector<Target> listing_target(const ApiRequest& request) {
  return target_of_listing(request, kListing);
}

// The policy that PolicyArn names.
Resolved<NamedPolicy> policy_target(const ApiRequest& request);

// What the request creates and, where it is created with tags, the permission `tag_action` on it.
std::vector<Target> new_resource_target(const ApiRequest& request, std::string arn,
                                        std::string_view tag_action);

// The target of a row, with its tags.
Target target_of(const ApiRequest& request, const storage::Entity& entity);
// The target of an ARN, with the tags that are stored by ARN.
Target target_of_arn(const ApiRequest& request, const std::string& arn);
// The target of an ARN that the request gives, with the tags of the request. See account_of_arn().
Target target_of_given_arn(const ApiRequest& request, const std::string& arn,
                           std::string_view kind);
// The account of an ARN in the request, whose resource must begin with `kind` ("policy/"). Throws
// ValidationError.
std::string account_of_arn(const ApiRequest& request, const std::string& arn,
                           std::string_view kind);
// Adds the tags and tag keys of the request (aws:RequestTag/..., aws:TagKeys).
void add_request_tags(const ApiRequest& request, Target& target);

}  // namespace ecr::api::iam
