// What the IAM operations share: whom a call names, errors in AWS's words, how rows are shown.
// Stateless functions on the request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

using base::text_member;  // of the input; empty: absent

ApiError no_such_entity(std::string message);
ApiError already_exists(std::string message);
ApiError delete_conflict(std::string message);
ApiError limit_exceeded(std::string message);
ApiError invalid_input(std::string message);
ApiError validation_error(std::string message);

std::string_view word_of(storage::EntityKind kind);   // "user"
std::string_view title_of(storage::EntityKind kind);  // "User"

struct EntityName {
  storage::EntityKind kind = storage::EntityKind::kUser;
  std::string name;
};
// What GroupName, RoleName or UserName says, in this order; where the call names nobody, the user
// who makes it. nullopt: nobody is named and the caller is no user.
std::optional<EntityName> named_entity(const Call& call);
// The same as a row. Throws NoSuchEntity; ValidationError where nobody is named.
storage::Entity require_entity(const Call& call);
storage::Entity require_entity(const Call& call, storage::EntityKind kind, const std::string& name);
// The same, where it is to be changed. Throws UnmodifiableEntity for a service-linked role.
storage::Entity require_changeable(const Call& call);
bool is_service_linked(const storage::Entity& entity);
void refuse_service_linked(const storage::Entity& entity);

// "/", or the path that the call gives. Throws ValidationError where it is misleading.
std::string path_of(const Json& input, const char* member = "Path");

std::string shown_time(base::TimePoint time);
// As IAM shows documents: URL-encoded.
std::string shown_document(std::string_view document);
// The members that listings show. Roles come with their trust policy.
Json entity_json(const Call& call, const storage::Entity& entity);
// The same with boundary, tags and last use.
Json entity_detail_json(const Call& call, const storage::Entity& entity);
void add_boundary(const storage::Entity& entity, Json& json);

// Throws MalformedPolicyDocument in AWS's words.
void check_policy(const std::string& document, auth::iam::PolicyType type);
// The ARN that member PermissionsBoundary gives. Throws where there is no such policy.
std::optional<std::string> requested_boundary(const Call& call);

}  // namespace ecr::api::iam
