// The encryption setting of a repository, as CreateRepository and creation templates take it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/repositories.h"

namespace ecr::api::ecr {

// From encryptionConfiguration ({}: ECR's default). Throws InvalidParameterException where key and
// type do not go together. REQUIRES: the repository has its account and region.
void set_encryption(const nlohmann::json& encryption, storage::Repository& repository);

}  // namespace ecr::api::ecr
