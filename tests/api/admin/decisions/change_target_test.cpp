// Where the policies that decide are stored, as the members of a change.
#include "api/admin/decisions/change_target.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ecr::api::admin {
namespace {

using auth::iam::DecidedBy;
using base::OrderedJson;

constexpr const char* kPerson = "arn:aws:iam::111122223333:user/team/jane";
constexpr const char* kRoleArn = "arn:aws:iam::111122223333:role/ci";
constexpr const char* kRepositoryArn = "arn:aws:ecr:eu-west-1:111122223333:repository/app";

auth::iam::Request request_of(const char* principal, const char* issuer, const char* action,
                              const char* resource) {
  auth::iam::Request request;
  request.principal = *auth::iam::make_principal(principal, issuer);
  request.action = action;
  request.resource = resource;
  request.resource_account = "111122223333";
  return request;
}

OrderedJson place(const char* kind, const char* target) {
  return {{"kind", kind}, {"target", target}};
}

TEST(ChangeTarget, AUsersPolicyIsOfTheUser) {
  const auto request = request_of(kPerson, "", "ecr:PutImage", kRepositoryArn);
  OrderedJson own = place("inline", kPerson);
  own["name"] = "pull";
  EXPECT_EQ(change_target_json(request, DecidedBy::kIdentity, "inline policy pull of user jane"),
            own);
  own["name"] = nullptr;
  EXPECT_EQ(change_target_json(request, DecidedBy::kIdentity, ""), own);
  // Of a group only the name is known, and not its path.
  EXPECT_TRUE(change_target_json(request, DecidedBy::kIdentity, "inline policy pull of group jane")
                  .is_null());
  EXPECT_TRUE(change_target_json(request, DecidedBy::kIdentity, "inline policy pull of user joe")
                  .is_null());
}

TEST(ChangeTarget, ASessionsPolicyIsOfItsRole) {
  const auto request = request_of("arn:aws:sts::111122223333:assumed-role/ci/build", kRoleArn,
                                  "ecr:PutImage", kRepositoryArn);
  OrderedJson own = place("inline", kRoleArn);
  own["name"] = "push";
  EXPECT_EQ(change_target_json(request, DecidedBy::kIdentity, "inline policy push of role ci"),
            own);
  EXPECT_TRUE(
      change_target_json(request, DecidedBy::kSession, "session policy 1 of build").is_null());
}

TEST(ChangeTarget, OtherPoliciesHaveTheirPlaces) {
  const auto request = request_of(kPerson, "", "ecr:PutImage", kRepositoryArn);
  constexpr const char* kManagedArn = "arn:aws:iam::111122223333:policy/limit";
  EXPECT_EQ(change_target_json(request, DecidedBy::kBoundary, kManagedArn),
            place("managed", kManagedArn));
  EXPECT_EQ(change_target_json(request, DecidedBy::kResource, ""),
            place("repository", kRepositoryArn));
  EXPECT_EQ(change_target_json(request, DecidedBy::kResource, "repository policy of app"),
            place("repository", kRepositoryArn));
  EXPECT_EQ(change_target_json(request, DecidedBy::kResource,
                               "registry policy of 111122223333 in eu-west-1"),
            place("registry", "arn:aws:ecr:eu-west-1:111122223333:registry"));
  EXPECT_EQ(change_target_json(request, DecidedBy::kScp, "p-nopush no pushes at ou-prod"),
            place("scp", "p-nopush"));
  EXPECT_TRUE(change_target_json(request, DecidedBy::kScp, "").is_null());
  const auto assume = request_of(kPerson, "", "sts:AssumeRole", kRoleArn);
  EXPECT_EQ(change_target_json(assume, DecidedBy::kResource, ""), place("trust", kRoleArn));
}

TEST(ChangeTarget, ARootUserHasNoPolicies) {
  const auto request =
      request_of("arn:aws:iam::111122223333:root", "", "ecr:PutImage", kRepositoryArn);
  EXPECT_TRUE(change_target_json(request, DecidedBy::kIdentity, "").is_null());
  EXPECT_TRUE(change_target_json(request, DecidedBy::kIdentity, "root user").is_null());
}

}  // namespace
}  // namespace ecr::api::admin
