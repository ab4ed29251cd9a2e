#include "api/core/wildcard.h"

#include <string>

#include "auth/iam/match/glob.h"

namespace ecr::api {

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::string wild(pattern.size(), 0);
  for (std::size_t i = 0; i < pattern.size(); ++i) wild[i] = pattern[i] == '*' ? 1 : 0;
  return auth::iam::Glob(pattern, wild).matches(text);
}

}  // namespace ecr::api
