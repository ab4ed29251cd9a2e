// A policy's document as text: which context keys its statements ask for and where the statements
// stand, for the policy simulator; and the text with other principals in it, for IAM, which stores
// unique ids in place of ARNs. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/policy/policy.h"

namespace ecr::auth::iam {

// True if the statement's Effect is Allow.
bool allows(const Policy& policy, std::size_t statement);

// The condition keys and policy variables of all statements as they are written, each once without
// regard to case, sorted.
std::vector<std::string> context_keys(const Policy& policy);

struct TextPosition {
  std::size_t line = 1;  // both count from 1
  std::size_t column = 1;
};
// As AWS counts (seen in answers of its simulator): a statement of a list begins right behind the
// '[' or ',' before it, its white space included; one without a list right behind its '{'.
struct StatementPosition {
  TextPosition begin;
  TextPosition end;  // behind its last character
};
// The positions of every statement, in order. Empty where the text does not have "Statement" in its
// plain spelling. REQUIRES: the text is an accepted policy.
std::vector<StatementPosition> statement_positions(std::string_view document);

// Replaces principals where they stand; everything else stays as it was written. Each string under
// "AWS" of Principal and NotPrincipal is given to `replacement`, in order; nullopt keeps it.
// REQUIRES: Policy::parse accepted the document.
std::string replace_principals(
    std::string_view document,
    const std::function<std::optional<std::string>(const std::string&)>& replacement);

}  // namespace ecr::auth::iam
