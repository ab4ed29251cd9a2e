#include "schemas/embedded.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/json.h"

namespace ecr::schemas {
namespace {

TEST(Embedded, EveryFileIsWholeAndItself) {
  EXPECT_EQ((*parse_json(embedded::ecr_model()))["metadata"]["signingName"], "ecr");
  EXPECT_EQ((*parse_json(embedded::iam_model()))["metadata"]["serviceId"], "IAM");
  EXPECT_EQ((*parse_json(embedded::sts_model()))["metadata"]["serviceId"], "STS");
  EXPECT_EQ((*parse_json(embedded::ecr_authorization()))["service"], "ecr");
  EXPECT_EQ((*parse_json(embedded::iam_authorization()))["service"], "iam");
  EXPECT_EQ((*parse_json(embedded::sts_authorization()))["service"], "sts");
}

}  // namespace
}  // namespace ecr::schemas
