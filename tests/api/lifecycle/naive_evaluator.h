// The evaluation of lifecycle policies once more, as slow and as plain as the sentences of the user
// guide: what the real one is compared with. Shares its types and nothing else.
#pragma once

#include <vector>

#include "api/lifecycle/evaluate.h"

namespace ecr::api::lifecycle::testing {

std::vector<Verdict> naive_evaluate(const Policy& policy, const std::vector<Image>& images,
                                    schemas::TimePoint now);

}  // namespace ecr::api::lifecycle::testing
