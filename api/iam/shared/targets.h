// What the IAM operations touch, as the service authorization reference lists it, with the
// condition keys of each. Of a resource that exists a refusal names the kind and the name ("user
// jane"), of one to be made the ARN; AWS does so in published errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/operation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// The user, group or role that the call names (or the calling user), with its tags and boundary;
// iam:PolicyARN, iam:PermissionsBoundary, tags of the request.
std::vector<Target> entity_target(const Call& call);
// One that the call makes: CreateUser, CreateGroup, CreateRole.
std::vector<Target> new_entity_target(const Call& call);
// One that gets another name or path: as it is, and as it will be.
std::vector<Target> renamed_entity_target(const Call& call);
// What knows no resources: "*". A refusal names what is listed.
std::vector<Target> account_target(const Call& call);

// The policy of PolicyArn.
std::vector<Target> policy_target(const Call& call);
std::vector<Target> new_policy_target(const Call& call);
// The instance profile of InstanceProfileName.
std::vector<Target> instance_profile_target(const Call& call);
std::vector<Target> new_instance_profile_target(const Call& call);
// The identity provider of OpenIDConnectProviderArn or SAMLProviderArn.
std::vector<Target> provider_target(const Call& call);

// A resource to be made, and, where it comes with tags, the tagging of it by that action.
std::vector<Target> made_target(const Call& call, std::string arn, std::string_view tag_action);

// Of a row, with its tags and boundary.
Target target_of(const Call& call, const storage::Entity& entity);
// Of an ARN whose tags are kept by ARN.
Target target_of_arn(const Call& call, const std::string& arn);
// Tags and tag keys that the request sends.
void add_request_tags(const Call& call, Target& target);

}  // namespace ecr::api::iam
