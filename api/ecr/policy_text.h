// The text in which ECR gives a repository policy back: the document written anew, in the layout of
// Jackson's pretty printer. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ecr::api::ecr {

// REQUIRES: the text is an accepted policy; any other comes back as it is.
std::string written_anew(std::string_view policy);

}  // namespace ecr::api::ecr
