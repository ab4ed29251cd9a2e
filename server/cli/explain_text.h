// A decision as a tree for people: who asked for what, every statement that was looked at and why
// it did not apply, and what would allow the request. Pure.
#pragma once

#include <string>

#include "schemas/base/json.h"

namespace ecr::server {

// `decision`: as /_ecr-local/decisions?trace=true has it. Ends with a newline.
std::string explain_text(const base::OrderedJson& decision);

}  // namespace ecr::server
