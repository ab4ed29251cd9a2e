// What a lifecycle policy does that its author did not mean: rules that never match, tag lists that
// are read as "and", tags that keep an image alive. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/images/lifecycle/evaluate.h"
#include "api/images/lifecycle/policy.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/clock.h"

namespace ecr::api::lifecycle {

// By priority; the path names the rule: "rule 2". An error is alone: ECR refuses the policy then.
std::vector<auth::iam::PolicyProblem> lint(std::string_view text);

// What only shows with images: rules that select none of them, and images that stay although a rule
// would remove them, because another rule selects them first. By priority.
std::vector<auth::iam::PolicyProblem> lint_with_images(const Policy& policy,
                                                       const std::vector<Image>& images,
                                                       base::TimePoint now);

}  // namespace ecr::api::lifecycle
