// What a policy's document says about itself: which context keys its statements ask for, and where
// they stand in the text. For the policy simulator. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/policy.h"

namespace ecr::auth::iam {

// Whether the statement's Effect is Allow.
bool allows(const Policy& policy, std::size_t statement);

// The condition keys and policy variables of a statement as they are written, each once without
// regard to case, sorted.
std::vector<std::string> context_keys(const Policy& policy, std::size_t statement);
// The same for the whole policy.
std::vector<std::string> context_keys(const Policy& policy);
// Only the variables in Resource and NotResource of a statement.
std::vector<std::string> resource_variables(const Policy& policy, std::size_t statement);

struct TextPosition {
  std::size_t line = 1;  // both count from 1
  std::size_t column = 1;
};
// As AWS counts (seen in answers of its simulator): a statement of a list begins right behind the
// '[' or ',' before it, its white space included.
struct StatementPosition {
  TextPosition begin;
  TextPosition end;  // behind its last character
};
// Of every statement, in order. Empty where the text does not have "Statement" in its plain
// spelling. REQUIRES: the text is an accepted policy.
std::vector<StatementPosition> statement_positions(std::string_view document);

}  // namespace ecr::auth::iam
