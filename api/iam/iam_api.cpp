#include "api/iam/iam_api.h"

namespace ecr::api::iam {

ServiceApi make_api() { return {"iam", Protocol::kQuery, &schemas::ServiceModel::iam, {}}; }

}  // namespace ecr::api::iam
