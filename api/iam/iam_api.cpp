#include "api/iam/iam_api.h"

#include "api/iam/simulators.h"

namespace ecr::api::iam {

ServiceApi make_api() {
  return {"iam", Protocol::kQuery, &schemas::ServiceModel::iam, simulator_operations()};
}

}  // namespace ecr::api::iam
