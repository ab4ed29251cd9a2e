// From a checked document to the evaluator's form. Internal to auth/iam.
#pragma once

#include <memory>

#include "auth/iam/compiled.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {

// REQUIRES: check_grammar() found nothing in it.
std::unique_ptr<const Policy::Compiled> compile(const base::OrderedJson& document);

}  // namespace ecr::auth::iam
