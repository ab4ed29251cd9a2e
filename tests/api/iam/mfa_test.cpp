// Virtual MFA devices: their codes, and the sessions that codes begin.
#include <gmock/gmock.h>

#include "auth/totp.h"
#include "schemas/base/encoding.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kDevice = "arn:aws:iam::111122223333:mfa/phones/jane";

class Mfa : public IamTest {
 protected:
  Mfa() { iam("CreateUser", {{"UserName", "jane"}}); }

  // The seed of a new device.
  std::string create() {
    const Json device = iam("CreateVirtualMFADevice", {{"VirtualMFADeviceName", "jane"},
                                                       {"Path", "/phones/"}})["VirtualMFADevice"];
    EXPECT_EQ(device["SerialNumber"], kDevice);
    EXPECT_FALSE(device.contains("QRCodePNG"));
    return base::base64_decode(device["Base32StringSeed"].get<std::string>()).value();
  }
  // The code of the step that is so many steps from now.
  std::string code(std::int64_t steps = 0) {
    return auth::totp_code(auth::base32_decode(seed_).value(),
                           auth::totp_step(clock.now()) + steps);
  }
  Parameters codes(std::int64_t first, std::int64_t second) {
    return {{"UserName", "jane"},
            {"SerialNumber", kDevice},
            {"AuthenticationCode1", code(first)},
            {"AuthenticationCode2", code(second)}};
  }
  void enable() {
    seed_ = create();
    iam("EnableMFADevice", codes(-1, 0));
  }
  Parameters token(std::int64_t steps = 0) {
    return {{"SerialNumber", kDevice}, {"TokenCode", code(steps)}};
  }
  void become_jane() { use(keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"])); }
  void later(int seconds) { clock.time += std::chrono::seconds(seconds); }

  std::string seed_;
};

TEST_F(Mfa, DevicesAreListedWithTheirUser) {
  seed_ = create();
  EXPECT_EQ(seed_.size(), 64u);
  EXPECT_THAT(iam("ListVirtualMFADevices", {{"AssignmentStatus", "Assigned"}})["VirtualMFADevices"],
              IsEmpty());
  EXPECT_EQ(iam("ListVirtualMFADevices", {{"AssignmentStatus", "Unassigned"}})["VirtualMFADevices"],
            (Json{{{"SerialNumber", kDevice}}}));
  EXPECT_FALSE(iam("GetMFADevice", {{"SerialNumber", kDevice}}).contains("EnableDate"));
  iam("EnableMFADevice", codes(-1, 0));
  const Json shown = {
      {"UserName", "jane"}, {"SerialNumber", kDevice}, {"EnableDate", "2023-11-14T22:13:20Z"}};
  EXPECT_EQ(iam("ListMFADevices", {{"UserName", "jane"}})["MFADevices"], Json::array({shown}));
  EXPECT_EQ(iam("GetMFADevice", {{"SerialNumber", kDevice}, {"UserName", "jane"}}), shown);
  const Json device = iam("ListVirtualMFADevices")["VirtualMFADevices"][0];
  EXPECT_EQ(device["User"]["UserName"], "jane");
  EXPECT_FALSE(device.contains("Base32StringSeed"));
  EXPECT_EQ(iam("GetAccountSummary")["SummaryMap"]["MFADevicesInUse"], 1);
  EXPECT_THAT(iam("ListMFADevices")["MFADevices"], IsEmpty());  // the root user's
}

TEST_F(Mfa, ADeviceInUseCannotGo) {
  enable();
  EXPECT_EQ(iam_fail("DeleteVirtualMFADevice", {{"SerialNumber", kDevice}}, 409).first,
            "DeleteConflict");
  EXPECT_EQ(iam_fail("DeleteUser", {{"UserName", "jane"}}, 409).second,
            "Cannot delete entity, must delete MFA device first.");
  EXPECT_EQ(iam_fail("EnableMFADevice", codes(0, 1), 409).first, "EntityAlreadyExists");
  iam("DeactivateMFADevice", {{"UserName", "jane"}, {"SerialNumber", kDevice}});
  iam("DeleteVirtualMFADevice", {{"SerialNumber", kDevice}});
  iam("DeleteUser", {{"UserName", "jane"}});
}

TEST_F(Mfa, Tags) {
  create();
  const Parameters named = {{"SerialNumber", kDevice}};
  Parameters tag = named;
  tag.emplace_back("Tags.member.1.Key", "team");
  tag.emplace_back("Tags.member.1.Value", "a");
  iam("TagMFADevice", tag);
  EXPECT_THAT(names(iam("ListMFADeviceTags", named)["Tags"], "Key"), ElementsAre("team"));
  iam("UntagMFADevice", {{"SerialNumber", kDevice}, {"TagKeys.member.1", "team"}});
  EXPECT_THAT(iam("ListMFADeviceTags", named)["Tags"], IsEmpty());
}

TEST_F(Mfa, WhatIsWrongIsRefused) {
  seed_ = create();
  const auto refused = [&](std::int64_t first, std::int64_t second) {
    return iam_fail("EnableMFADevice", codes(first, second), 403).first;
  };
  for (const auto& [first, second] :
       std::vector<std::pair<int, int>>{{0, 0}, {1, 0}, {-1, 1}, {-3, -2}, {2, 3}}) {
    EXPECT_EQ(refused(first, second), "InvalidAuthenticationCode") << first << " " << second;
  }
  EXPECT_EQ(iam_fail("CreateVirtualMFADevice",
                     {{"VirtualMFADeviceName", "jane"}, {"Path", "/phones/"}}, 409)
                .first,
            "EntityAlreadyExists");
  const struct {
    const char* operation;
    Parameters parameters;
    const char* code;
    int status;
  } rows[] = {
      {"ResyncMFADevice", codes(-1, 0), "NoSuchEntity", 404},
      {"DeactivateMFADevice",
       {{"UserName", "jane"}, {"SerialNumber", kDevice}},
       "NoSuchEntity",
       404},
      {"GetMFADevice", {{"SerialNumber", kDevice}, {"UserName", "jane"}}, "NoSuchEntity", 404},
      {"GetMFADevice", {{"SerialNumber", kDevice + "x"}}, "NoSuchEntity", 404},
      {"DeleteVirtualMFADevice", {{"SerialNumber", kDevice + "x"}}, "NoSuchEntity", 404},
      {"DeleteVirtualMFADevice", {{"SerialNumber", "GAHT12345678"}}, "ValidationError", 400},
      {"CreateVirtualMFADevice", {{"VirtualMFADeviceName", "a/b"}}, "ValidationError", 400},
      {"ListMFADevices", {{"UserName", "nobody"}}, "NoSuchEntity", 404},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(iam_fail(row.operation, row.parameters, row.status).first, row.code) << row.operation;
  }
}

TEST_F(Mfa, AUserHasEightDevicesAtMost) {
  for (int i = 0; i < 9; ++i) {
    const std::string name = "d" + std::to_string(i);
    const Json device =
        iam("CreateVirtualMFADevice", {{"VirtualMFADeviceName", name}})["VirtualMFADevice"];
    seed_ = base::base64_decode(device["Base32StringSeed"].get<std::string>()).value();
    Parameters parameters = codes(-1, 0);
    parameters[1].second = device["SerialNumber"].get<std::string>();
    if (i < 8) {
      iam("EnableMFADevice", parameters);
    } else {
      EXPECT_EQ(iam_fail("EnableMFADevice", parameters, 409).first, "LimitExceeded");
    }
  }
}

TEST_F(Mfa, ACodeBeginsASessionOnce) {
  enable();
  become_jane();
  // The codes that enabled the device are used up.
  EXPECT_EQ(sts_fail("GetSessionToken", token(0), 403).first, "AccessDenied");
  EXPECT_EQ(sts_fail("GetSessionToken", token(2), 403).first, "AccessDenied");
  const Json credentials = sts("GetSessionToken", token(1))["Credentials"];
  EXPECT_EQ(sts_fail("GetSessionToken", token(1), 403).first, "AccessDenied");
  EXPECT_EQ(sts_fail("GetSessionToken", {{"SerialNumber", kDevice}}, 403).first, "AccessDenied");
  later(60);
  sts("GetSessionToken", token(0));
  use(kRoot);
  EXPECT_EQ(sts_fail("GetSessionToken", token(1), 403).first, "AccessDenied");
  iam("PutUserPolicy",
      {{"UserName", "jane"},
       {"PolicyName", "may"},
       {"PolicyDocument", Json{{"Version", "2012-10-17"},
                               {"Statement",
                                {{{"Effect", "Allow"},
                                  {"Action", "iam:ListUsers"},
                                  {"Resource", "*"},
                                  {"Condition",
                                   {{"Bool", {{"aws:MultiFactorAuthPresent", "true"}}},
                                    {"NumericLessThan", {{"aws:MultiFactorAuthAge", "120"}}}}}}}}}
                              .dump()}});
  use(credentials);
  iam("ListUsers");
  later(61);
  EXPECT_EQ(iam_fail("ListUsers", {}, 403).first, "AccessDenied");
}

TEST_F(Mfa, ATrustPolicyMayAskForACode) {
  const Json trust = {{"Version", "2012-10-17"},
                      {"Statement",
                       {{{"Effect", "Allow"},
                         {"Action", "sts:AssumeRole"},
                         {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
                         {"Condition", {{"Bool", {{"aws:MultiFactorAuthPresent", "true"}}}}}}}}};
  iam("CreateRole", {{"RoleName", "admin"}, {"AssumeRolePolicyDocument", trust.dump()}});
  iam("PutRolePolicy",
      {{"RoleName", "admin"},
       {"PolicyName", "may"},
       {"PolicyDocument",
        Json{{"Version", "2012-10-17"},
             {"Statement",
              {{{"Effect", "Allow"},
                {"Action", "iam:ListUsers"},
                {"Resource", "*"},
                {"Condition", {{"Bool", {{"aws:MultiFactorAuthPresent", "true"}}}}}}}}}
            .dump()}});
  enable();
  become_jane();
  Parameters assume = {{"RoleArn", "arn:aws:iam::111122223333:role/admin"},
                       {"RoleSessionName", "session"}};
  EXPECT_EQ(sts_fail("AssumeRole", assume, 403).first, "AccessDenied");
  for (const auto& parameter : token(1)) assume.push_back(parameter);
  const Json credentials = sts("AssumeRole", assume)["Credentials"];
  EXPECT_EQ(sts_fail("AssumeRole", assume, 403).first, "AccessDenied");  // the code is used up
  use(credentials);
  iam("ListUsers");
}

TEST_F(Mfa, ADeviceThatIsOffCanBeResynchronized) {
  enable();
  become_jane();
  later(300);
  EXPECT_EQ(sts_fail("GetSessionToken", token(-5), 403).first, "AccessDenied");
  use(kRoot);
  iam("ResyncMFADevice", codes(-6, -5));
  become_jane();
  sts("GetSessionToken", token(-4));
}

TEST_F(Mfa, RecordsHideSeedAndCodes) {
  enable();
  const std::string records = body_of(admin.handle(
      make_request("GET", "/_ecr-local/events?kind=record&limit=100", {{"Host", host}}, "")));
  EXPECT_THAT(records, ::testing::HasSubstr("EnableMFADevice"));
  for (const std::string& secret : {seed_, base::base64_encode(seed_), code(0), code(-1)}) {
    EXPECT_THAT(records, ::testing::Not(::testing::HasSubstr("\"" + secret + "\"")));
  }
}

}  // namespace
}  // namespace ecr::api::test
