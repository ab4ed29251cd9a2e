#include <set>

#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using EcrRepositories = ApiTest;
using Error = std::pair<std::string, std::string>;

TEST_F(EcrRepositories, CreateReturnsWhatDescribeReturns) {
  const Json created = call("CreateRepository", {{"repositoryName", "team/app"}})["repository"];
  EXPECT_EQ(created["repositoryArn"], "arn:aws:ecr:us-east-1:000000000000:repository/team/app");
  EXPECT_EQ(created["repositoryUri"], "localhost:4599/team/app");
  EXPECT_EQ(created["createdAt"], 1'700'000'000.123);
  EXPECT_EQ(created["imageTagMutability"], "MUTABLE");
  EXPECT_EQ(created["encryptionConfiguration"]["encryptionType"], "AES256");
  const Json all = call("DescribeRepositories", Json::object())["repositories"];
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0], created);
}

TEST_F(EcrRepositories, CreateKeepsEverySetting) {
  const Json input = {
      {"repositoryName", "app"},
      {"imageTagMutability", "IMMUTABLE_WITH_EXCLUSION"},
      {"imageTagMutabilityExclusionFilters", {{{"filterType", "WILDCARD"}, {"filter", "dev*"}}}},
      {"imageScanningConfiguration", {{"scanOnPush", true}}},
      {"encryptionConfiguration",
       {{"encryptionType", "KMS"}, {"kmsKey", "arn:aws:kms:us-east-1:000000000000:key/1"}}},
      {"tags", {{{"Key", "team"}, {"Value", "a"}}}}};
  const Json created = call("CreateRepository", input)["repository"];
  EXPECT_EQ(created["imageTagMutabilityExclusionFilters"],
            input["imageTagMutabilityExclusionFilters"]);
  EXPECT_EQ(created["imageScanningConfiguration"]["scanOnPush"], true);
  EXPECT_EQ(created["encryptionConfiguration"], input["encryptionConfiguration"]);
  EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", created["repositoryArn"]}})["tags"],
            input["tags"]);
}

TEST_F(EcrRepositories, ASecondOfTheSameNameExistsAlready) {
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(fail("CreateRepository", {{"repositoryName", "app"}}),
            Error("RepositoryAlreadyExistsException",
                  "The repository with name 'app' already exists in the registry with id "
                  "'000000000000'"));
}

TEST_F(EcrRepositories, AccountsAndRegionsAreApart) {
  call("CreateRepository", {{"repositoryName", "app"}});
  region = "eu-west-1";
  call("CreateRepository", {{"repositoryName", "app"}});
  keys = {"123456789012", "test"};
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(call("DescribeRepositories", Json::object())["repositories"].size(), 1u);
}

TEST_F(EcrRepositories, BadInputIsNamedInEcrsWords) {
  const std::string pattern =
      R"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)";
  const struct {
    Json input;
    std::string message;
  } kCases[] = {
      {Json::object(),
       "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must not be null'"},
      {{{"repositoryName", "a"}},
       "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
       "'must have length greater than or equal to 2'"},
      {{{"repositoryName", "app"}, {"imageTagMutability", "NO"}},
       "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must "
       "satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, "
       "IMMUTABLE_WITH_EXCLUSION]'"},
  };
  for (const auto& [input, message] : kCases) {
    EXPECT_EQ(fail("CreateRepository", input), Error("InvalidParameterException", message));
  }
  for (const char* name : {"App", "a___b", "a_-b", "-a", "a-", "a//b", "../a"}) {
    const auto [type, message] = fail("CreateRepository", {{"repositoryName", name}});
    EXPECT_EQ(type, "InvalidParameterException") << name;
    EXPECT_NE(message.find("must satisfy regular expression"), std::string::npos) << message;
  }
}

TEST_F(EcrRepositories, ExclusionFiltersGoWithTheirSettingAndNoOther) {
  const Json filters = {{{"filterType", "WILDCARD"}, {"filter", "v*"}}};
  EXPECT_EQ(fail("CreateRepository", {{"repositoryName", "app"},
                                      {"imageTagMutability", "IMMUTABLE"},
                                      {"imageTagMutabilityExclusionFilters", filters}})
                .first,
            "InvalidParameterException");
  EXPECT_EQ(fail("CreateRepository",
                 {{"repositoryName", "app"}, {"imageTagMutability", "MUTABLE_WITH_EXCLUSION"}})
                .first,
            "InvalidParameterException");
}

TEST_F(EcrRepositories, PagesMakeUpTheWhole) {
  std::set<std::string> all;
  for (int i = 0; i < 25; ++i) {
    const std::string name = "repo-" + std::to_string(i);
    call("CreateRepository", {{"repositoryName", name}});
    all.insert(name);
  }
  for (const int size : {1, 7, 25, 1000}) {
    std::set<std::string> seen;
    Json input = {{"maxResults", size}};
    for (;;) {
      const Json page = call("DescribeRepositories", input);
      EXPECT_LE(page["repositories"].size(), static_cast<std::size_t>(size));
      for (const Json& repository : page["repositories"]) {
        EXPECT_TRUE(seen.insert(repository["repositoryName"].get<std::string>()).second);
      }
      if (!page.contains("nextToken")) break;
      input["nextToken"] = page["nextToken"];
    }
    EXPECT_EQ(seen, all) << size;
  }
}

TEST_F(EcrRepositories, ForgedAndForeignPageTokensAreRefused) {
  for (const char* name : {"r1", "r2"}) call("CreateRepository", {{"repositoryName", name}});
  const auto next =
      call("DescribeRepositories", {{"maxResults", 1}})["nextToken"].get<std::string>();
  std::string forged = next;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad : {forged, std::string("x"), std::string(9000, 'A')}) {
    EXPECT_EQ(fail("DescribeRepositories", {{"nextToken", bad}}).first,
              "InvalidParameterException");
  }
  keys = {"123456789012", "test"};  // another account's walk
  EXPECT_EQ(fail("DescribeRepositories", {{"nextToken", next}}).first, "InvalidParameterException");
}

TEST_F(EcrRepositories, NamesAndPagingExcludeEachOther) {
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(fail("DescribeRepositories", {{"repositoryNames", {"app"}}, {"maxResults", 1}}).first,
            "InvalidParameterException");
  EXPECT_EQ(fail("DescribeRepositories", {{"repositoryNames", {"app", "gone"}}}),
            Error("RepositoryNotFoundException",
                  "The repository with name 'gone' does not exist in the registry with id "
                  "'000000000000'"));
}

TEST_F(EcrRepositories, DeleteNeedsForceWhereThereAreImages) {
  call("CreateRepository", {{"repositoryName", "app"}});
  push_image("app", "1", "content");
  EXPECT_EQ(fail("DeleteRepository", {{"repositoryName", "app"}}),
            Error("RepositoryNotEmptyException",
                  "The repository with name 'app' in registry with id '000000000000' cannot be "
                  "deleted because it still contains images"));
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  EXPECT_EQ(fail("DeleteRepository", {{"repositoryName", "app"}}).first,
            "RepositoryNotFoundException");
  // Its blobs went with it.
  EXPECT_FALSE(store->blobs().open(model::Digest::of("content")).has_value());
}

TEST_F(EcrRepositories, TagsAreCheckedAndReplaced) {
  const Json arn =
      call("CreateRepository", {{"repositoryName", "app"}})["repository"]["repositoryArn"];
  call("TagResource", {{"resourceArn", arn}, {"tags", {{{"Key", "a"}, {"Value", "1"}}}}});
  call("TagResource", {{"resourceArn", arn}, {"tags", {{{"Key", "a"}, {"Value", "2"}}}}});
  const Json expected = {{{"Key", "a"}, {"Value", "2"}}};
  EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", arn}})["tags"], expected);
  call("UntagResource", {{"resourceArn", arn}, {"tagKeys", {"a", "never there"}}});
  EXPECT_TRUE(call("ListTagsForResource", {{"resourceArn", arn}})["tags"].empty());

  EXPECT_EQ(fail("TagResource", {{"resourceArn", arn}, {"tags", {{{"Key", ""}, {"Value", ""}}}}}),
            Error("InvalidTagParameterException", "Tag parameters are invalid"));
  Json many = Json::array();
  for (int i = 0; i < 51; ++i) many.push_back({{"Key", std::to_string(i)}, {"Value", ""}});
  EXPECT_EQ(fail("TagResource", {{"resourceArn", arn}, {"tags", many}}).first,
            "TooManyTagsException");
  EXPECT_TRUE(call("ListTagsForResource", {{"resourceArn", arn}})["tags"].empty());
}

TEST_F(EcrRepositories, AnArnMustNameARepositoryOfTheRegion) {
  for (const char* arn : {"nothing", "arn:aws:ecr:us-east-1:000000000000:image/app",
                          "arn:aws:ecr:eu-west-1:000000000000:repository/app",
                          "arn:aws:ecr:us-east-1:1:repository/app",
                          "arn:aws:s3:us-east-1:000000000000:repository/app"}) {
    EXPECT_EQ(fail("ListTagsForResource", {{"resourceArn", arn}}),
              Error("InvalidParameterException",
                    "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid "
                    "ARN'"));
  }
}

TEST_F(EcrRepositories, RepositoryPolicyRoundTrip) {
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(fail("GetRepositoryPolicy", {{"repositoryName", "app"}}),
            Error("RepositoryPolicyNotFoundException",
                  "Repository policy does not exist for the repository with name 'app' in the "
                  "registry with id '000000000000'"));
  const Json name = {{"repositoryName", "app"}};
  const std::string text =
      R"({"Version":"2008-10-17","Statement":[{"Sid":"a b","Effect":"Allow","Principal":"*",)"
      R"("Action":["ecr:BatchGetImage"]}]})";
  const Json set =
      call("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", text}})["policyText"];
  EXPECT_EQ(call("GetRepositoryPolicy", name)["policyText"], set);
  EXPECT_EQ(call("DeleteRepositoryPolicy", name)["policyText"], set);
  EXPECT_EQ(fail("GetRepositoryPolicy", name).first, "RepositoryPolicyNotFoundException");
}

// The texts on the right are recorded from ECR, but for the last two, whose layout follows from
// these.
TEST_F(EcrRepositories, RepositoryPolicyIsWrittenAnew) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Id":"Foo","Version":"2012-10-17","Statement":[{"Action":["ecr:BatchGetImage"],)"
       R"("Effect":"Allow","Principal":"*"}]})",
       R"({
  "Version" : "2012-10-17",
  "Id" : "Foo",
  "Statement" : [ {
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : "ecr:BatchGetImage"
  } ]
})"},
      {R"({"Version": "2008-10-17", "Statement": [{"Sid": "Public", "Effect": "Allow",
           "Principal": "*", "Action": ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]}]})",
       R"({
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "Public",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage" ]
  } ]
})"},
      {R"({"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":)"
       R"("arn:aws:iam::123456789012:role/admin"},"Action":"ecr:DescribeRepositories"}]})",
       R"({
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Sid" : "a",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::123456789012:role/admin"
    },
    "Action" : "ecr:DescribeRepositories"
  } ]
})"},
      {R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"},{"Effect":"Deny",)"
       R"("Principal":"*","Action":"ecr:PutImage","Condition":{"Bool":{"aws:SecureTransport":)"
       R"(false}}}]})",
       R"({
  "Statement" : [ {
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : "ecr:*"
  }, {
    "Effect" : "Deny",
    "Principal" : "*",
    "Action" : "ecr:PutImage",
    "Condition" : {
      "Bool" : {
        "aws:SecureTransport" : false
      }
    }
  } ]
})"},
  };
  for (const auto& [given, written] : cases) {
    const Json answer =
        call("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", given}});
    EXPECT_EQ(answer["policyText"], written);
  }
}

TEST_F(EcrRepositories, TheKeyThatAwsManagesIsOneAnAccountAndRegion) {
  const auto key_of = [&](const char* name) {
    const Json input = {{"repositoryName", name},
                        {"encryptionConfiguration", {{"encryptionType", "KMS"}}}};
    const Json made = call("CreateRepository", input)["repository"];
    return made["encryptionConfiguration"]["kmsKey"].get<std::string>();
  };
  const std::string key = key_of("one");
  const std::string start = "arn:aws:kms:us-east-1:000000000000:key/";
  ASSERT_TRUE(key.starts_with(start)) << key;
  EXPECT_EQ(key.size(), start.size() + 36);
  EXPECT_EQ(key_of("two"), key);
  region = "eu-west-1";
  EXPECT_NE(key_of("one").substr(start.size()), key.substr(start.size()));
}

TEST_F(EcrRepositories, RepositoryPolicyThatEcrRefuses) {
  call("CreateRepository", {{"repositoryName", "app"}});
  for (
      const char* text :
      {"{}", "no json",
       R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"*"}]})",
       R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:GetAuthorizationToken"}]})",
       R"({"Statement":[{"Effect":"Allow","Action":"ecr:*"}]})"}) {
    EXPECT_EQ(fail("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", text}}),
              Error("InvalidParameterException",
                    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid "
                    "repository policy provided'"))
        << text;
  }
}

TEST_F(EcrRepositories, RepositoryPolicyOfNobody) {
  call("CreateRepository", {{"repositoryName", "app"}});
  Json seed = seed_user("jane", Json::object());
  seed["accounts"]["111122223333"]["roles"] = {{{"name", "ci"}, {"path", "/build/"}}};
  admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
  const auto set = [&](const std::string& principal) {
    const Json document = {{"Statement",
                            {{{"Effect", "Allow"},
                              {"Principal", {{"AWS", principal}}},
                              {"Action", "ecr:BatchGetImage"}}}}};
    return send("SetRepositoryPolicy",
                Json({{"repositoryName", "app"}, {"policyText", document.dump()}}));
  };
  for (const char* known :
       {"arn:aws:iam::111122223333:user/jane", "arn:aws:iam::111122223333:role/build/ci",
        "arn:aws:sts::111122223333:assumed-role/ci/any", "arn:aws:iam::111122223333:root",
        "111122223333", "*", "arn:aws:iam::999999999999:user/of-an-unknown-account"}) {
    EXPECT_EQ(set(known).status, 200) << known;
  }
  for (const char* unknown :
       {"arn:aws:iam::111122223333:user/joe", "arn:aws:iam::111122223333:user/Jane",
        "arn:aws:iam::111122223333:role/ci", "arn:aws:sts::111122223333:assumed-role/none/any"}) {
    const auto response = set(unknown);
    EXPECT_EQ(response.status, 400) << unknown;
    EXPECT_EQ(Json::parse(body_of(response))["message"],
              "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not "
              "found'");
  }
}

TEST_F(EcrRepositories, APolicyThatLocksItsAuthorOutNeedsForce) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const Json input = {
      {"repositoryName", "app"},
      {"policyText",
       R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:SetRepositoryPolicy"}]})"}};
  EXPECT_EQ(fail("SetRepositoryPolicy", input).first, "InvalidParameterException");
  Json forced = input;
  forced["force"] = true;
  call("SetRepositoryPolicy", forced);
  EXPECT_EQ(fail("SetRepositoryPolicy", forced).first, "AccessDeniedException");
}

}  // namespace
}  // namespace ecr::api::test
