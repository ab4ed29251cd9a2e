// "did you mean": the known word nearest to a mistyped one. Pure.
#pragma once

#include <string>
#include <vector>

namespace ecr::base {

// The known word that fewest edits lead to; empty: none is near.
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

// ", did you mean listen?", or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace ecr::base
