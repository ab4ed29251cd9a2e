// The Organizations API: the tree, policies, and that what it attaches decides at once.

#include "auth/sigv4/sign.h"
#include "schemas/base/text.h"
#include "schemas/model/validator.h"
#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

const Keys kManagement{"999988887777", "test"};

class OrganizationsApi : public QueryTest {
 protected:
  OrganizationsApi() { keys = kManagement; }

  HttpResponse send(const std::string& operation, const Json& input) {
    const std::string body = input.dump();
    std::vector<std::pair<std::string, std::string>> headers = {
        {"Host", host},
        {"Content-Type", "application/x-amz-json-1.1"},
        {"X-Amz-Target", "AWSOrganizationsV20161128." + operation}};
    auth::SigningInput signing;
    signing.method = "POST";
    signing.path = "/";
    signing.headers = {headers.begin(), headers.end()};
    signing.body = body;
    signing.access_key_id = keys.access_key;
    signing.secret_access_key = keys.secret;
    signing.session_token = session_token;
    signing.region = region;
    signing.service = "organizations";
    signing.time = clock.now();
    for (auto& header : auth::sign_headers(signing)) headers.push_back(header);
    return control.handle(make_request("POST", "/", headers, body));
  }
  Json call(const std::string& operation, const Json& input = Json::object()) {
    const HttpResponse response = send(operation, input);
    EXPECT_EQ(response.status, 200) << operation << ": " << body_of(response);
    Json output = Json::parse(body_of(response));
    const auto* model = model::ServiceModel::organizations().find(operation);
    if (response.status == 200 && model->output != nullptr) {
      for (const auto& violation : model::validate_output(output, *model->output)) {
        ADD_FAILURE() << operation << ": " << violation.path << " does not fit the output shape";
      }
    }
    return output;
  }
  std::string fail(const std::string& operation, const Json& input = Json::object()) {
    const HttpResponse response = send(operation, input);
    EXPECT_EQ(response.status, 400) << operation << ": " << body_of(response);
    return Json::parse(body_of(response)).value("__type", "");
  }
  std::string root() { return call("ListRoots")["Roots"][0]["Id"].get<std::string>(); }
  std::string create_policy(const Json& document, const std::string& name = "limit") {
    return call("CreatePolicy", {{"Name", name},
                                 {"Description", ""},
                                 {"Type", "SERVICE_CONTROL_POLICY"},
                                 {"Content", document.dump()}})["Policy"]["PolicySummary"]["Id"]
        .get<std::string>();
  }
  std::string create_account(const std::string& name = "member") {
    const Json status =
        call("CreateAccount", {{"AccountName", name}, {"Email", name + "@example.com"}});
    EXPECT_EQ(call("DescribeCreateAccountStatus",
                   {{"CreateAccountRequestId", status["CreateAccountStatus"]["Id"]}}),
              status);
    return status["CreateAccountStatus"]["AccountId"].get<std::string>();
  }
  // {status, message} of ecr:DescribeRegistry by the root user of the account.
  std::pair<int, std::string> describe_registry(const std::string& account) {
    keys = {account, "test"};
    const HttpResponse response = control.handle(signed_request("GetAuthorizationToken", "{}", ""));
    keys = kManagement;
    return {response.status, Json::parse(body_of(response)).value("message", "")};
  }
};

TEST_F(OrganizationsApi, FailsOutsideOfAnOrganization) {
  for (const char* operation : {"DescribeOrganization", "ListRoots", "ListAccounts"}) {
    EXPECT_EQ(fail(operation), "AWSOrganizationsNotInUseException");
  }
}

// Its accounts are in the partition of its Region, too. The output shapes of AWS's model know ARNs
// of "aws" alone, so that these answers are not checked against them.
TEST_F(OrganizationsApi, IsInThePartitionOfItsRegion) {
  region = "cn-north-1";
  const std::string made = body_of(send("CreateOrganization", Json::object()));
  EXPECT_NE(made.find("arn:aws-cn:organizations::999988887777:organization/o-"), std::string::npos)
      << made;
  const std::string account = create_account();
  const std::pair<const char*, Json> kCalls[] = {
      {"DescribeOrganization", Json::object()},
      {"ListRoots", Json::object()},
      {"ListAccounts", Json::object()},
      {"DescribeAccount", {{"AccountId", account}}},
      {"ListPolicies", {{"Filter", "SERVICE_CONTROL_POLICY"}}}};
  for (const auto& [operation, input] : kCalls) {
    const std::string answer = body_of(send(operation, input));
    EXPECT_EQ(answer.find("arn:aws:"), std::string::npos) << answer;
    EXPECT_NE(answer.find("arn:aws-cn:"), std::string::npos) << answer;
  }
  keys = {account, "test"};
  const std::string name = "OrganizationAccountAccessRole";
  const Json role = call_query("iam", "GetRole", {{"RoleName", name}})["Role"];
  EXPECT_EQ(role["Arn"], "arn:aws-cn:iam::" + account + ":role/" + name);
  const std::string trust = role["AssumeRolePolicyDocument"].get<std::string>();
  EXPECT_NE(trust.find("arn%3Aaws-cn%3Aiam%3A%3A999988887777%3Aroot"), std::string::npos) << trust;
}

TEST_F(OrganizationsApi, ManagesUnitsAndAccounts) {
  const Json organization = call("CreateOrganization")["Organization"];
  EXPECT_EQ(organization["MasterAccountId"], "999988887777");
  EXPECT_EQ(fail("CreateOrganization"), "AlreadyInOrganizationException");
  EXPECT_EQ(call("DescribeOrganization")["Organization"], organization);
  const std::string root_id = root();
  const Json unit = call("CreateOrganizationalUnit", {{"ParentId", root_id}, {"Name", "prod"}});
  const std::string unit_id = unit["OrganizationalUnit"]["Id"].get<std::string>();
  EXPECT_EQ(fail("CreateOrganizationalUnit", {{"ParentId", root_id}, {"Name", "prod"}}),
            "DuplicateOrganizationalUnitException");
  EXPECT_EQ(call("DescribeOrganizationalUnit", {{"OrganizationalUnitId", unit_id}}), unit);
  EXPECT_EQ(
      call("ListOrganizationalUnitsForParent", {{"ParentId", root_id}})["OrganizationalUnits"],
      Json::array({unit["OrganizationalUnit"]}));
  const std::string account = create_account();
  const Json move = {
      {"AccountId", account}, {"SourceParentId", root_id}, {"DestinationParentId", unit_id}};
  call("MoveAccount", move);
  EXPECT_EQ(fail("MoveAccount", move), "SourceParentNotFoundException");
  EXPECT_EQ(call("ListParents", {{"ChildId", account}})["Parents"],
            Json::array({{{"Id", unit_id}, {"Type", "ORGANIZATIONAL_UNIT"}}}));
  EXPECT_EQ(call("ListChildren", {{"ParentId", unit_id}, {"ChildType", "ACCOUNT"}})["Children"],
            Json::array({{{"Id", account}, {"Type", "ACCOUNT"}}}));
  EXPECT_EQ(call("ListAccountsForParent", {{"ParentId", unit_id}})["Accounts"].size(), 1u);
  EXPECT_EQ(call("DescribeAccount", {{"AccountId", account}})["Account"]["Name"], "member");
  EXPECT_EQ(fail("DescribeAccount", {{"AccountId", "123412341234"}}), "AccountNotFoundException");
  const Json first = call("ListAccounts", {{"MaxResults", 1}});
  const Json second = call("ListAccounts", {{"MaxResults", 1}, {"NextToken", first["NextToken"]}});
  EXPECT_FALSE(second.contains("NextToken"));
  EXPECT_NE(first["Accounts"], second["Accounts"]);
  EXPECT_EQ(fail("ListAccounts", {{"NextToken", "x"}}), "InvalidInputException");
  EXPECT_EQ(fail("ListChildren", {{"ParentId", "nonsense"}, {"ChildType", "ACCOUNT"}}),
            "InvalidInputException");
}

TEST_F(OrganizationsApi, AttachedPoliciesTakeEffectAtOnce) {
  call("CreateOrganization");
  const std::string account = create_account();
  const Json enable = {{"RootId", root()}, {"PolicyType", "SERVICE_CONTROL_POLICY"}};
  EXPECT_EQ(describe_registry(account).first, 200);  // no type is enabled yet
  EXPECT_EQ(call("EnablePolicyType", enable)["Root"]["PolicyTypes"][0]["Status"], "ENABLED");
  EXPECT_EQ(fail("EnablePolicyType", enable), "PolicyTypeAlreadyEnabledException");
  EXPECT_EQ(describe_registry(account).first, 200);
  const std::string policy_id = create_policy(policy("Deny", "ecr:*", "*"));
  EXPECT_EQ(describe_registry(account).first, 200);
  const Json attachment = {{"PolicyId", policy_id}, {"TargetId", account}};
  call("AttachPolicy", attachment);
  EXPECT_EQ(fail("AttachPolicy", attachment), "DuplicatePolicyAttachmentException");
  const auto [status, message] = describe_registry(account);
  EXPECT_EQ(status, 400);
  EXPECT_EQ(message, base::format("User: arn:aws:iam::{}:root is not authorized to perform: "
                                  "ecr:GetAuthorizationToken on resource: * with an explicit deny "
                                  "in a service control policy",
                                  account));
  call("UpdatePolicy", {{"PolicyId", policy_id}, {"Content", policy("Deny", "iam:*", "*").dump()}});
  EXPECT_EQ(describe_registry(account).first, 200);
  EXPECT_EQ(fail("DeletePolicy", {{"PolicyId", policy_id}}), "PolicyInUseException");
  EXPECT_EQ(call("ListTargetsForPolicy", {{"PolicyId", policy_id}})["Targets"][0]["TargetId"],
            account);
  const Json of_target = {{"TargetId", account}, {"Filter", "SERVICE_CONTROL_POLICY"}};
  EXPECT_EQ(call("ListPoliciesForTarget", of_target)["Policies"].size(), 2u);
  // Without FullAWSAccess nothing is allowed; the last one stays.
  call("DetachPolicy", {{"PolicyId", "p-FullAWSAccess"}, {"TargetId", account}});
  EXPECT_EQ(describe_registry(account).first, 400);
  EXPECT_EQ(fail("DetachPolicy", attachment), "ConstraintViolationException");
  call("DisablePolicyType", enable);
  EXPECT_EQ(describe_registry(account).first, 200);
  call("DeletePolicy", {{"PolicyId", policy_id}});
  EXPECT_EQ(fail("DescribePolicy", {{"PolicyId", policy_id}}), "PolicyNotFoundException");
}

TEST_F(OrganizationsApi, ResourceControlPoliciesTakeEffectToo) {
  call("CreateOrganization");
  const std::string account = create_account();
  call("EnablePolicyType", {{"RootId", root()}, {"PolicyType", "RESOURCE_CONTROL_POLICY"}});
  const Json deny = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Deny"}, {"Principal", "*"}, {"Action", "ecr:*"}, {"Resource", "*"}}}}};
  const Json made = call("CreatePolicy", {{"Name", "none"},
                                          {"Description", "d"},
                                          {"Type", "RESOURCE_CONTROL_POLICY"},
                                          {"Content", deny.dump()}});
  call("AttachPolicy", {{"PolicyId", made["Policy"]["PolicySummary"]["Id"]}, {"TargetId", root()}});
  EXPECT_NE(describe_registry(account).second.find("resource control policy"), std::string::npos);
  EXPECT_EQ(fail("DetachPolicy", {{"PolicyId", "p-RCPFullAWSAccess"}, {"TargetId", account}}),
            "ConstraintViolationException");
}

TEST_F(OrganizationsApi, BadPoliciesAreRefused) {
  call("CreateOrganization");
  const auto create = [&](const std::string& type, const std::string& content,
                          const std::string& name = "n") {
    return fail("CreatePolicy",
                {{"Name", name}, {"Description", ""}, {"Type", type}, {"Content", content}});
  };
  const std::string good = policy("Deny", "ecr:*", "*").dump();
  const std::string scp = "SERVICE_CONTROL_POLICY";
  EXPECT_EQ(create(scp, good), "PolicyTypeNotAvailableForOrganizationException");
  call("EnablePolicyType", {{"RootId", root()}, {"PolicyType", scp}});
  EXPECT_EQ(create(scp, "{"), "MalformedPolicyDocumentException");
  EXPECT_EQ(create("TAG_POLICY", "{}"), "InvalidInputException");
  create_policy(policy("Deny", "ecr:*", "*"), "n");
  EXPECT_EQ(create(scp, good), "DuplicatePolicyException");
  EXPECT_EQ(fail("UpdatePolicy", {{"PolicyId", "p-FullAWSAccess"}, {"Name", "x"}}),
            "InvalidInputException");
  EXPECT_EQ(fail("AttachPolicy", {{"PolicyId", "p-FullAWSAccess"}, {"TargetId", "123412341234"}}),
            "TargetNotFoundException");
}

TEST_F(OrganizationsApi, OnlyPermittedCallersOfTheManagementAccount) {
  call("CreateOrganization");
  const std::string account = create_account();
  keys = {account, "test"};
  call("DescribeOrganization");
  EXPECT_EQ(fail("ListAccounts"), "AccessDeniedException");
  seed({{"accounts",
         {{"999988887777",
           {{"users",
             {{{"name", "jane"},
               {"accessKeys",
                {{{"accessKeyId", kSeededKeys.access_key},
                  {"secretAccessKey", kSeededKeys.secret}}}},
               {"policies", {{"some", policy("Allow", "organizations:List*", "*")}}}}}}}}}}});
  keys = kSeededKeys;
  call("ListAccounts");
  EXPECT_EQ(fail("CreateAccount", {{"AccountName", "x"}, {"Email", "x@example.com"}}),
            "AccessDeniedException");
}

TEST_F(OrganizationsApi, TheManagementAccountCanAssumeTheAccessRole) {
  call("CreateOrganization");
  const std::string account = create_account();
  seed({{"accounts",
         {{"999988887777",
           {{"users",
             {{{"name", "jane"},
               {"accessKeys",
                {{{"accessKeyId", kSeededKeys.access_key},
                  {"secretAccessKey", kSeededKeys.secret}}}},
               {"policies", {{"some", policy("Allow", "sts:AssumeRole", "*")}}}}}}}}}}});
  use(kSeededKeys);
  const Json session =
      sts("AssumeRole",
          {{"RoleArn", base::format("arn:aws:iam::{}:role/OrganizationAccountAccessRole", account)},
           {"RoleSessionName", "jane"}});
  use(session["Credentials"]);
  EXPECT_EQ(sts("GetCallerIdentity")["Account"], account);
}

}  // namespace
}  // namespace ecr::api::test
