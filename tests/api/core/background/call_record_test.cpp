// Records of calls as CloudTrail writes them.
#include "api/core/background/call_record.h"

#include "tests/api/fixture.h"

namespace ecr::api {
namespace {

using test::Json;

struct IdentityCase {
  const char* claim;
  CallIdentity who;
  Json expected;
};

TEST(CallRecords, EveryKindOfPrincipalHasItsOwnUserIdentity) {
  using auth::iam::PrincipalKind;
  const std::string issued = "2026-01-02T03:04:05Z";
  const std::string role = "arn:aws:iam::111122223333:role/path/ci";
  const IdentityCase cases[] = {
      {"a user",
       {.principal = {PrincipalKind::kUser, "arn:aws:iam::1:user/jane", "1", "", "AIDA1"},
        .access_key_id = "AKIA1",
        .account = "1",
        .user_id = "AIDA1",
        .user_name = "jane",
        .issued_at = {},
        .mfa = false,
        .source_identity = {},
        .federated_provider = {}},
       {{"type", "IAMUser"},
        {"principalId", "AIDA1"},
        {"arn", "arn:aws:iam::1:user/jane"},
        {"accountId", "1"},
        {"accessKeyId", "AKIA1"},
        {"userName", "jane"}}},
      {"a role session",
       {.principal = {PrincipalKind::kRoleSession, "arn:aws:sts::1:assumed-role/ci/b", "1", role,
                      "AROA1"},
        .access_key_id = "ASIA1",
        .account = "1",
        .user_id = "AROA1:b",
        .user_name = "",
        .issued_at = issued,
        .mfa = true,
        .source_identity = "alice",
        .federated_provider = "arn:aws:iam::1:oidc-provider/x"},
       {{"type", "AssumedRole"},
        {"principalId", "AROA1:b"},
        {"arn", "arn:aws:sts::1:assumed-role/ci/b"},
        {"accountId", "1"},
        {"accessKeyId", "ASIA1"},
        {"sessionContext",
         {{"sessionIssuer",
           {{"type", "Role"},
            {"principalId", "AROA1"},
            {"arn", role},
            {"accountId", "1"},
            {"userName", "ci"}}},
          {"webIdFederationData",
           {{"federatedProvider", "arn:aws:iam::1:oidc-provider/x"},
            {"attributes", Json::object()}}},
          {"attributes", {{"creationDate", issued}, {"mfaAuthenticated", "true"}}},
          {"sourceIdentity", "alice"}}}}},
      {"a federated user",
       {.principal = {PrincipalKind::kFederatedUser, "arn:aws:sts::1:federated-user/bob", "1",
                      "arn:aws:iam::1:user/jane", "AIDA1"},
        .access_key_id = "ASIA2",
        .account = "1",
        .user_id = "1:bob",
        .user_name = "",
        .issued_at = issued,
        .mfa = false,
        .source_identity = {},
        .federated_provider = {}},
       {{"type", "FederatedUser"},
        {"principalId", "1:bob"},
        {"arn", "arn:aws:sts::1:federated-user/bob"},
        {"accountId", "1"},
        {"accessKeyId", "ASIA2"},
        {"sessionContext",
         {{"sessionIssuer",
           {{"type", "IAMUser"},
            {"principalId", "AIDA1"},
            {"arn", "arn:aws:iam::1:user/jane"},
            {"accountId", "1"},
            {"userName", "jane"}}},
          {"attributes", {{"creationDate", issued}, {"mfaAuthenticated", "false"}}}}}}},
      {"a service",
       make_service_identity("ecr.amazonaws.com", "1"),
       {{"type", "AWSService"}, {"invokedBy", "ecr.amazonaws.com"}}},
  };
  for (const IdentityCase& each : cases) {
    CallRecord record;
    record.service = "ecr";
    record.operation = "PutImage";
    record.identity = std::make_shared<const CallIdentity>(each.who);
    EXPECT_EQ(Json::parse(write_call_record(record, "id"))["userIdentity"], each.expected)
        << each.claim;
  }
}

TEST(CallRecords, SecretsAreHiddenOrLeftOut) {
  const auto& iam = model::ServiceModel::iam();
  const auto& sts = model::ServiceModel::sts();
  struct Case {
    const model::OperationModel* model;
    Json input;
    Json output;
    Json request;
    Json response;
  };
  const std::string hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
  const Case cases[] = {
      {iam.find("CreateLoginProfile"),
       {{"UserName", "jane"}, {"Password", "PLANTED"}},
       Json(),
       {{"userName", "jane"}, {"password", hidden}},
       Json()},
      {iam.find("CreateAccessKey"),
       {{"UserName", "jane"}},
       {{"AccessKey",
         {{"AccessKeyId", "AKIA1"},
          {"SecretAccessKey", "PLANTED"},
          {"CreateDate", "2026-01-02T13:04:05Z"}}}},
       {{"userName", "jane"}},
       {{"accessKey", {{"accessKeyId", "AKIA1"}, {"createDate", "Jan 2, 2026 1:04:05 PM"}}}}},
      {sts.find("AssumeRole"),
       {{"RoleArn", "arn"}, {"TokenCode", "PLANTED"}},
       {{"Credentials",
         {{"AccessKeyId", "ASIA1"}, {"SecretAccessKey", "PLANTED"}, {"SessionToken", "PLANTED"}}}},
       {{"roleArn", "arn"}, {"tokenCode", hidden}},
       {{"credentials", {{"accessKeyId", "ASIA1"}}}}},
      {sts.find("AssumeRoleWithWebIdentity"),
       {{"WebIdentityToken", "PLANTED"}},
       Json(),
       {{"webIdentityToken", hidden}},
       Json()},
  };
  for (const Case& each : cases) {
    CallRecord record;
    record.operation = each.model->name;
    record.identity = std::make_shared<const CallIdentity>();
    record.input = std::make_shared<const Json>(each.input);
    record.output = std::make_shared<const Json>(each.output);
    record.input_shape = each.model->input;
    record.output_shape = each.model->output;
    const std::string text = write_call_record(record, "id");
    EXPECT_EQ(text.find("PLANTED"), std::string::npos) << text;
    const Json json = Json::parse(text);
    EXPECT_EQ(json["requestParameters"], each.request) << each.model->name;
    EXPECT_EQ(json["responseElements"], each.response) << each.model->name;
  }
}

TEST(CallRecords, ElementsBeyond100KBAreLeftOut) {
  CallRecord record;
  record.operation = "PutImage";
  record.identity = std::make_shared<const CallIdentity>();
  record.input = std::make_shared<const Json>(Json{{"imageManifest", std::string(100'001, 'x')}});
  EXPECT_EQ(Json::parse(write_call_record(record, "id"))["requestParameters"], nullptr);
}

}  // namespace
}  // namespace ecr::api
