// Reads a policy's text and finds doubtful elements in it. Internal to auth/iam.
#pragma once

#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "auth/iam/policy/grammar.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {

// The JSON of the document: no repeated keys, limited in depth, and, for IAM's and STS's own
// policies, only the characters U+0009, U+000A, U+000D and U+0020 to U+00FF.
tl::expected<base::OrderedJson, PolicyProblem> read_document(std::string_view document,
                                                             PolicyType type);

// The compiled policy, or its first problem in AWS's order. `text`: the document, for the line of a
// problem; empty where there is none.
tl::expected<PolicyPtr, PolicyProblem> make_policy(const base::OrderedJson& document,
                                                   PolicyType type, std::string_view text);

// Warnings about elements that AWS accepts though they cannot work as written: an unknown action, a
// condition key that no action of the statement carries, a resource that an action ignores. Only of
// services that this program speaks. REQUIRES: the statement has no finding of Stage::kSyntax.
std::vector<Finding> find_doubtful(const base::OrderedJson& statement, const std::string& path);

// Warnings about values: those that their operator cannot read, keys of many values without a set
// operator, variables where the policy's Version has none. REQUIRES: as above.
std::vector<Finding> find_doubtful_values(const base::OrderedJson& statement,
                                          const std::string& path, bool variables);

// Warnings about statements that let in everybody, or everybody of an identity provider. REQUIRES:
// as above.
std::vector<Finding> find_open_doors(const base::OrderedJson& statement, const std::string& path,
                                     PolicyType type);

// Reports a document that is longer than its kind of policy may be.
std::vector<Finding> check_size(std::string_view document, PolicyType type);

}  // namespace ecr::auth::iam
