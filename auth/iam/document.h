// Reading a policy's text, and what is doubtful in it. Internal to auth/iam.
#pragma once

#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "auth/iam/grammar.h"
#include "auth/iam/policy.h"
#include "schemas/json.h"

namespace ecr::auth::iam {

// The JSON of the document: no repeated keys, limited in depth, and, for IAM's and STS's own
// policies, only the characters U+0009, U+000A, U+000D and U+0020 to U+00FF.
tl::expected<schemas::OrderedJson, PolicyProblem> read_document(std::string_view document,
                                                                PolicyType type);

// What AWS accepts though it cannot do what it seems to: an unknown action, a condition key that no
// action of the statement carries, a resource that an action ignores. Only of services that this
// program speaks. REQUIRES: no finding of Stage::kSyntax.
std::vector<Finding> find_doubtful(const schemas::OrderedJson& document);

}  // namespace ecr::auth::iam
