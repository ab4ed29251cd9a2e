// Principals, trust policies and resources of AWS's partitions beside "aws".
#include <string>

#include <gtest/gtest.h>

#include "auth/iam/evaluate.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/text.h"
#include "schemas/model/partition.h"
#include "tests/auth/iam/support.h"

namespace ecr::auth::iam::test {
namespace {

// `text` with its "arn:aws:" in another partition.
std::string in(const model::Partition& partition, std::string_view text) {
  std::string moved(text);
  base::replace_all(moved, "arn:aws:", base::format("arn:{}:", partition.name));
  return moved;
}

Request request_in(const model::Partition& partition, std::string_view principal,
                   std::string_view action = "ecr:PutImage",
                   std::string_view resource = kRepository) {
  Request made = request(principal, action, in(partition, resource));
  made.principal = *make_principal(in(partition, principal),
                                   principal == kSession ? in(partition, kRole) : std::string());
  return made;
}

TEST(IamPartitions, IdentityPoliciesNameResourcesOfTheirs) {
  for (const model::Partition& partition : model::partitions()) {
    const std::string statement =
        in(partition, R"("Action":"ecr:*","Resource":"arn:aws:ecr:*:111111111111:repository/app")");
    EXPECT_TRUE(allows(statement, request_in(partition, kUser))) << partition.name;
    EXPECT_EQ(allows(statement, request(kUser)), partition.name == "aws") << partition.name;
  }
}

TEST(IamPartitions, ResourcePoliciesNamePrincipalsOfTheirs) {
  for (const model::Partition& partition : model::partitions()) {
    for (const std::string_view named : {kRole, kSession}) {
      PolicySet set;
      set.resource.push_back(attached(
          resource_policy("Allow", in(partition, base::format(R"({{"AWS":"{}"}})", named)))));
      EXPECT_EQ(evaluate(request_in(partition, kSession), set).decision, Decision::kAllowed)
          << partition.name << ' ' << named;
      // The same name in another partition is another principal.
      EXPECT_EQ(evaluate(request(kSession), set).decision == Decision::kAllowed,
                partition.name == "aws")
          << partition.name << ' ' << named;
    }
  }
}

TEST(IamPartitions, TrustPoliciesAreTakenAndDecide) {
  for (const model::Partition& partition : model::partitions()) {
    const std::string document =
        in(partition,
           R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",)"
           R"("Principal":{"AWS":"arn:aws:iam::222222222222:root"}}})");
    EXPECT_TRUE(Policy::parse(document, PolicyType::kTrust)) << partition.name;
    PolicySet set;
    set.identity.push_back(attached(kAllowAll));
    set.resource.push_back({policy(document, PolicyType::kTrust), ""});
    Request made = request_in(partition, kForeigner, "sts:AssumeRole", kRole);
    made.resource_account = "111111111111";
    EXPECT_EQ(evaluate(made, set).decision, Decision::kAllowed) << partition.name;
  }
}

TEST(IamPartitions, ThatDoNotExistNameNoPrincipal) {
  for (const char* arn : {"arn:aws-moon:iam::111111111111:root", "arn::iam::111111111111:root",
                          "arn:*:iam::111111111111:root", "arn:AWS:iam::111111111111:user/jane"}) {
    EXPECT_FALSE(PrincipalEntry::parse("AWS", arn)) << arn;
  }
}

}  // namespace
}  // namespace ecr::auth::iam::test
