// Answers of can, who-can and service-pull as text for people. Pure; docs/testing/what-if.md and
// docs/services-that-pull.md have the members.
#pragma once

#include <string>

#include "schemas/base/json.h"
#include "server/cli/progress.h"

namespace ecr::server {

std::string can_text(const base::OrderedJson& answer, const Paint& paint);
std::string who_can_text(const base::OrderedJson& answer, const Paint& paint);
std::string service_pull_text(const base::OrderedJson& answer, const Paint& paint);

}  // namespace ecr::server
