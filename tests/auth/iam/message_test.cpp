// AWS IAM User Guide, "Troubleshoot access denied error messages".
#include <string>

#include <gtest/gtest.h>

#include "auth/iam/evaluate.h"
#include "tests/auth/iam/support.h"

namespace ecr::auth::iam::test {
namespace {

struct MessageCase {
  Decision decision;
  DecidedBy decided_by;
  const char* action;
  const char* reason;
};

constexpr auto kImplicit = Decision::kImplicitlyDenied;
constexpr auto kExplicit = Decision::kExplicitlyDenied;

TEST(IamMessage, ReasonByCause) {
  const MessageCase cases[] = {
      {kImplicit, DecidedBy::kIdentity, "ecr:X",
       "because no identity-based policy allows the ecr:X action"},
      {kImplicit, DecidedBy::kResource, "ecr:X",
       "because no resource-based policy allows the ecr:X action"},
      {kImplicit, DecidedBy::kBoundary, "ecr:X",
       "because no permissions boundary allows the ecr:X action"},
      {kImplicit, DecidedBy::kSession, "ecr:X",
       "because no session policy allows the ecr:X action"},
      {kImplicit, DecidedBy::kResource, "sts:AssumeRole",
       "because no role trust policy allows the sts:AssumeRole action"},
      {kImplicit, DecidedBy::kEndpoint, "ecr:X",
       "because no VPC endpoint policy allows the ecr:X action"},
      {kImplicit, DecidedBy::kScp, "ecr:X", "with an explicit deny in a service control policy"},
      {kImplicit, DecidedBy::kRcp, "ecr:X", "with an explicit deny in a resource control policy"},
      {kExplicit, DecidedBy::kIdentity, "ecr:X",
       "with an explicit deny in an identity-based policy"},
      {kExplicit, DecidedBy::kResource, "ecr:X",
       "with an explicit deny in a resource-based policy"},
      {kExplicit, DecidedBy::kBoundary, "ecr:X", "with an explicit deny in a permissions boundary"},
      {kExplicit, DecidedBy::kSession, "ecr:X", "with an explicit deny in a session policy"},
      {kExplicit, DecidedBy::kEndpoint, "ecr:X", "with an explicit deny in a VPC endpoint policy"},
      {kExplicit, DecidedBy::kScp, "ecr:X", "with an explicit deny in a service control policy"},
      {kExplicit, DecidedBy::kRcp, "ecr:X", "with an explicit deny in a resource control policy"},
      {kExplicit, DecidedBy::kResource, "sts:AssumeRole",
       "with an explicit deny in the role trust policy"},
  };
  for (const MessageCase& c : cases) {
    Verdict verdict;
    verdict.decision = c.decision;
    verdict.decided_by = c.decided_by;
    EXPECT_EQ(denial_message(request(kUser, c.action), verdict),
              "User: " + std::string(kUser) + " is not authorized to perform: " + c.action +
                  " on resource: " + std::string(kRepository) + " " + c.reason);
  }
}

TEST(IamMessage, CallerAndResource) {
  const Verdict verdict;
  EXPECT_EQ(denial_message(request(kSession, "ecr:X", "*"), verdict, {.reason = false}),
            "User: arn:aws:sts::111111111111:assumed-role/ci/run1 is not authorized to perform: "
            "ecr:X on resource: *");
  EXPECT_EQ(denial_message(request("", "ecr:X", "*"), verdict, {.reason = false}),
            "User: anonymous is not authorized to perform: ecr:X on resource: *");
}

TEST(IamMessage, PolicyArnOnRequest) {
  PolicySet set;
  set.identity = {{policy(kDenyAll), "arn:aws:iam::111111111111:policy/p"}};
  const Request r = request(kUser);
  const Verdict verdict = evaluate(r, set);
  EXPECT_TRUE(denial_message(r, verdict).ends_with("in an identity-based policy"));
  EXPECT_TRUE(denial_message(r, verdict, {.policy_arn = true})
                  .ends_with("in an identity-based policy: arn:aws:iam::111111111111:policy/p"));
  set.identity[0].source = "inline policy p of user/jane";
  EXPECT_TRUE(denial_message(r, evaluate(r, set), {.policy_arn = true})
                  .ends_with("in an identity-based policy"));
}

}  // namespace
}  // namespace ecr::auth::iam::test
