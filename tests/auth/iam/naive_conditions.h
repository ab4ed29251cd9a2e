// The condition operators of the naive evaluator.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace ecr::auth::iam::test {

using NaiveJson = nlohmann::json;

// A pattern as a list of characters, each with whether it is a wildcard.
using Tokens = std::vector<std::pair<char, bool>>;

std::string naive_lower(std::string text);
std::vector<std::string> naive_split(const std::string& text, char separator);
bool naive_glob(const Tokens& pattern, std::size_t i, const std::string& text, std::size_t j);
Tokens naive_tokens(const std::string& pattern);

// Null: the key is not in the context.
const NaiveJson* naive_find(const NaiveJson& context, const std::string& key);

// Puts in the variables of a text. False: one of them has no value.
bool naive_expand(const std::string& text, const NaiveJson& context, Tokens& out);

bool naive_arn(const Tokens& pattern, const std::string& arn);

// One operator with one key: {"StringEquals": {"aws:username": [...]}}.
bool naive_condition(const std::string& op, const std::string& key, const NaiveJson& values,
                     const NaiveJson& context, bool variables);

}  // namespace ecr::auth::iam::test
