// The evaluation of lifecycle policies once more, as slow and as plain as the sentences of the user
// guide: what the real one is compared with. Shares its types and nothing else.
#pragma once

#include <vector>

#include "api/images/lifecycle/evaluate.h"

namespace ecr::api::lifecycle::test {

std::vector<Verdict> naive_evaluate(const Policy& policy, const std::vector<Image>& images,
                                    base::TimePoint now);

}  // namespace ecr::api::lifecycle::test
