#include "schemas/model/embedded.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::model {
namespace {

TEST(Embedded, EveryFileIsWholeAndItself) {
  EXPECT_EQ((*base::parse_json(embedded::ecr_model()))["metadata"]["signingName"], "ecr");
  EXPECT_EQ((*base::parse_json(embedded::iam_model()))["metadata"]["serviceId"], "IAM");
  EXPECT_EQ((*base::parse_json(embedded::sts_model()))["metadata"]["serviceId"], "STS");
  EXPECT_EQ((*base::parse_json(embedded::ecr_authorization()))["service"], "ecr");
  EXPECT_EQ((*base::parse_json(embedded::iam_authorization()))["service"], "iam");
  EXPECT_EQ((*base::parse_json(embedded::sts_authorization()))["service"], "sts");
}

}  // namespace
}  // namespace ecr::model
