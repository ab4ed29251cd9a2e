// The questions of GET /_ecr-local/who-can and POST /_ecr-local/can, and of the commands of the
// same names, as JSON: docs/testing/what-if.md has the members.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "api/admin/body_node.h"
#include "api/core/services.h"
#include "auth/iam/match/context.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::what_if {

inline constexpr std::size_t kMostCapable = 10'000;
inline constexpr std::size_t kMostQuestions = 1000;

struct WhoCanQuestion {
  std::string action;
  std::string resource;                // an ARN, "*", or the name of a repository that no other has
  std::optional<std::string> account;  // only principals of this account
  std::size_t limit = 1000;
  bool via_roles = false;  // those, too, that may assume a role which is allowed
};

// Throws ParameterError.
base::OrderedJson who_can_json(const Services& services, const WhoCanQuestion& asked);

// {"questions": [{"principal", "action", "resource", "context"?}], "viaRoles"?}. A question that
// cannot be asked is answered by {"error": ...} in its place. Throws ParameterError.
base::OrderedJson can_json(const Services& services, const BodyNode& body);

// Throw ParameterError. What is asked about a thing that has no ARN is asked about "*".
void check_resource(const std::string& parameter, const std::string& resource);
void check_action(const std::string& parameter, const std::string& action);
// Why nothing can be asked about this principal.
std::string unknown_principal(const Settings& settings, const std::string& principal);
// The member `context`: keys of the request that is asked about, as the request would carry them.
auth::iam::Context read_context(const BodyNode& body);
void add_context(const auth::iam::Context& given, auth::iam::Context& context);

}  // namespace ecr::api::admin::what_if
