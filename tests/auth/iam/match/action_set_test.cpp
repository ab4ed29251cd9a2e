#include "auth/iam/match/action_set.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace ecr::auth::iam {
namespace {

TEST(ActionSet, FindsWhatAnyOfItsPatternsMatches) {
  const std::vector<std::string> patterns = {"*",
                                             "**",
                                             "ecr:PutImage",
                                             "ecr:Put*",
                                             "ECR:GET*",
                                             "ecr:*Image",
                                             "ecr:?utImage",
                                             "ecr:*",
                                             "e*:PutImage",
                                             "*:*",
                                             "ec2:Describe*",
                                             "nonsense",
                                             "ecr:putimage",
                                             "e?r:Get*",
                                             "s3:GetObject"};
  const std::pair<std::string, std::string> actions[] = {
      {"ecr", "putimage"},      {"ecr", "getauthorizationtoken"},
      {"ecr", "batchgetimage"}, {"ec2", "describeinstances"},
      {"s3", "getobject"},      {"s3", "putobject"},
      {"ecs", "putimage"},      {"", "putimage"}};
  const auto matches = [](const std::string& pattern, const auto& action) {
    const std::size_t colon = pattern.find(':');
    if (colon == std::string::npos) return pattern.find_first_not_of('*') == std::string::npos;
    return glob_match_ignore_case(pattern.substr(0, colon), action.first) &&
           glob_match_ignore_case(pattern.substr(colon + 1), action.second);
  };
  // Each choice of up to three of these patterns, against each action.
  for (std::size_t choice = 0; choice < std::size_t{1} << patterns.size(); ++choice) {
    if (std::popcount(choice) > 3) continue;
    std::vector<std::string> chosen;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if ((choice >> i & 1) != 0) chosen.push_back(patterns[i]);
    }
    const ActionSet set(chosen);
    for (const auto& action : actions) {
      const bool expected = std::any_of(chosen.begin(), chosen.end(), [&](const auto& pattern) {
        return matches(pattern, action);
      });
      ASSERT_EQ(set.matches(action.first, action.second), expected)
          << choice << " " << action.first << ":" << action.second;
    }
  }
}

TEST(ActionSet, HoldsThousandsOfActions) {
  std::vector<std::string> actions;
  for (int service = 99; service >= 0; --service) {
    for (int action = 0; action < 30; ++action) {
      actions.push_back("service" + std::to_string(service) + ":Action" + std::to_string(action));
    }
  }
  const ActionSet set(actions);
  EXPECT_TRUE(set.matches("service0", "action0"));
  EXPECT_TRUE(set.matches("service99", "action29"));
  EXPECT_FALSE(set.matches("service99", "action30"));
  EXPECT_FALSE(set.matches("service100", "action0"));
  EXPECT_FALSE(ActionSet().matches("ecr", "putimage"));
}

}  // namespace
}  // namespace ecr::auth::iam
