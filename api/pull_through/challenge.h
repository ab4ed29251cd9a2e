// WWW-Authenticate, as registries send it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::api::pull_through {

struct Challenge {
  std::string scheme;                                    // lower case: "basic", "bearer"
  std::map<std::string, std::string> parameters;         // names in lower case
  std::string parameter(const std::string& name) const;  // empty: none
};

// All of one header's; what is not well-formed is left out.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace ecr::api::pull_through
