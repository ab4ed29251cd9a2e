// Names that tests write as texts.
#pragma once

#include <string_view>

#include "schemas/model/repository_name.h"

namespace ecr::model::test {

// Throws where the text is no name of a repository.
inline RepositoryName name_of(std::string_view text) { return RepositoryName::parse(text).value(); }

}  // namespace ecr::model::test
