// The resources of IAM operations for authorization, as the service authorization reference lists
// them, with the condition keys of each. For a resource that exists, the text of a refusal names
// its kind and name ("user jane"), for one that the call creates its ARN, as in published errors of
// AWS. Stateless functions on the request's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// The user, group or role that the call names (or the calling user), with its tags and boundary;
// iam:PolicyARN, iam:PermissionsBoundary, tags of the request.
std::vector<Target> entity_target(const ApiRequest& request);
// The one that CreateUser, CreateGroup or CreateRole creates.
std::vector<Target> new_entity_target(const ApiRequest& request);
// The one that gets another name or path: the caller needs the permission on the resource as it is
// and as it will be (API Reference, "UpdateUser": permissions on both the source and the target).
std::vector<Target> renamed_entity_target(const ApiRequest& request);
// "*", for actions that have no resource type. The text of a refusal names what is listed.
std::vector<Target> account_target(const ApiRequest& request);

// The policy that PolicyArn names.
std::vector<Target> policy_target(const ApiRequest& request);
std::vector<Target> new_policy_target(const ApiRequest& request);
// The instance profile that InstanceProfileName names.
std::vector<Target> instance_profile_target(const ApiRequest& request);
std::vector<Target> new_instance_profile_target(const ApiRequest& request);
// The identity provider that OpenIDConnectProviderArn or SAMLProviderArn names.
std::vector<Target> provider_target(const ApiRequest& request);

// A resource that the call creates and, where it is created with tags, the permission `tag_action`
// on it.
std::vector<Target> new_resource_target(const ApiRequest& request, std::string arn,
                                        std::string_view tag_action);

// The target of a row, with its tags.
Target target_of(const ApiRequest& request, const storage::Entity& entity);
// The target of an ARN, with the tags that are stored by ARN.
Target target_of_arn(const ApiRequest& request, const std::string& arn);
// Adds the tags and tag keys of the request (aws:RequestTag/..., aws:TagKeys).
void add_request_tags(const ApiRequest& request, Target& target);

}  // namespace ecr::api::iam
