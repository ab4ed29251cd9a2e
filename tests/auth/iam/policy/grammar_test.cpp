// Documents that AWS refuses, with its sentences, and documents that it takes. AWS IAM User Guide,
// "Grammar of the IAM JSON policy language"; the sentences are those that IAM answers.
#include <string>

#include <gtest/gtest.h>

#include "auth/iam/policy/authorization_data.h"
#include "auth/iam/policy/policy.h"

namespace ecr::auth::iam::test {
namespace {

// Empty: the document is taken.
std::string refusal(const std::string& document, PolicyType type) {
  const auto parsed = Policy::parse(document, type);
  return parsed ? "" : parsed.error().message;
}

std::string identity(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":)" + statements + "}";
}

constexpr const char* kSyntax = "Syntax errors in policy.";
constexpr const char* kVersion = "Policy document must be version 2012-10-17 or greater.";
constexpr const char* kLegacy = "The policy failed legacy parsing";
constexpr const char* kUnique = "Statement IDs (SID) in a single policy must be unique.";
constexpr const char* kActionLine = "Policy statement must contain actions.";
constexpr const char* kResourceLine = "Policy statement must contain resources.";
constexpr const char* kVendor =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
constexpr const char* kColon = "Actions/Condition can contain only one colon.";
constexpr const char* kFully =
    "Resource vendor must be fully qualified and cannot contain regexes.";

struct DocumentCase {
  std::string document;
  std::string message;
};

TEST(IamGrammar, IdentityPolicies) {
  const DocumentCase cases[] = {
      {"", kSyntax},
      {"not json", kSyntax},
      {"[]", kSyntax},
      {R"({"Version":"2012-10-17"})", kSyntax},
      {identity("[]"), kSyntax},
      {identity(R"(["x"])"), kSyntax},
      {R"({"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
       kSyntax},
      {R"({"Version":"2012-10-17","Id":["x"],"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
       kSyntax},
      {R"({"Version":"2012-10-17","Extra":1,"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
       kSyntax},
      {identity(R"({"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"})"), kSyntax},
      {identity(R"({"Action":"*","Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Maybe","Action":"*","Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":["Allow"],"Action":"*","Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":{},"Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":[["a:b"]],"Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","NotAction":[],"Resource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":{"a":"b"}})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Sid":1})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Unknown":1})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":[]})"), kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":"x"}})"),
       kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":{}}}})"),
       kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"x":{"a":"1"}}})"),
       kSyntax},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Sid":")"
                "\xE2\x82\xAC\"}"),
       kSyntax},
      {R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})", kVersion},
      {R"({"Version":"2008-10-17","Statement":{"Effect":"allow","Action":"*","Resource":"*"}})",
       kVersion},
      {identity(R"({"Effect":"allow","Resource":"x"})"), kLegacy},
      {identity(R"({"Effect":"Allow","Condition":{"DateGreaterThan":{"a":"x"}}})"), kLegacy},
      {identity(R"({"Effect":"Allow","Resource":"arn:aws:s3::bucket"})"), kLegacy},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws::::bucket"})"), kLegacy},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"})"),
       "Policy document should not specify a principal."},
      {identity(R"([{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},
                    {"Sid":"a","Effect":"Allow"}])"),
       kUnique},
      {identity(R"({"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"})"),
       "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
       "expression [0-9A-Za-z]*"},
      {identity(R"({"Effect":"Allow"})"), kActionLine},
      {identity(R"({"Effect":"Allow","Action":[],"Resource":"x"})"), kActionLine},
      {identity(R"({"Effect":"Allow","Action":"s:3:X","Resource":"x"})"),
       R"(Resource x must be in ARN format or "*".)"},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":""})"),
       R"(Resource  must be in ARN format or "*".)"},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"a:b:c:d:e:f:g:h"})"),
       R"(Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".)"},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"a:b:cadfsdf"})"),
       R"(Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".)"},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"aws:s3:::bucket"})"),
       R"(Partition "s3" is not valid for resource "arn:s3:::bucket:*".)"},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws"})"), kFully},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:s*:::b"})"), kFully},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:s3:us-east-1::b"})"),
       "Resource arn:aws:s3:us-east-1::b can not contain region information."},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:iam:us-east-1::b"})"),
       "IAM resource arn:aws:iam:us-east-1::b cannot contain region information."},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:iam:::b"})"),
       "IAM resource path must either be \"*\", root, or start with user/, federated-user/, role/, "
       "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, "
       "oidc-provider/, report/, access-report/."},
      {identity(R"({"Effect":"Allow","Action":"invalid","Resource":"*"})"), kVendor},
      {identity(R"({"Effect":"Allow","Action":"invalid"})"), kResourceLine},
      {identity(R"({"Effect":"Allow","NotAction":"","Resource":"*"})"), kVendor},
      {identity(R"({"Effect":"Allow","Action":["s3:X","s:3:X"],"Resource":"*"})"), kColon},
      {identity(R"({"Effect":"Allow","Action":"a a:X","Resource":"*"})"),
       "Vendor a a is not valid"},
      {identity(R"({"Effect":"Allow","Action":"s3:X"})"), kResourceLine},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":[]})"), kResourceLine},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:s3:us-east-1:1:b/x"})"),
       "Resource arn:aws:s3:us-east-1:1:b/x can not contain region information."},
      // AWS accepts these.
      {R"({"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
       ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":[
           "arn:aws:s3:us-west-2:123456789012:accesspoint/x",
           "arn:aws:s3:us-west-2:123456789012:accesspoint/x/object/*"]})"),
       ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":["arn:aws:s3:::b","*"]})"), ""},
      {identity(R"({"Effect":"Allow","Action":"iam: asdf safdsf af ","Resource":"*"})"), ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:fdsasf"})"), ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:sqs:*"})"), ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws-cn:s3:::b"})"), ""},
      {identity(R"({"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:iam::*:role/*"})"), ""},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{}})"), ""},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"a":{}}})"), ""},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*",
                    "Condition":{"DateGreaterThan":{"a":[]}}})"),
       ""},
      {identity(R"({"Effect":"Allow","Action":"*","Resource":"*",
                    "Condition":{"Bool":{"a":true},"NumericEquals":{"b":[1,2.5]}}})"),
       ""},
      {identity(R"([{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},
                    {"Sid":"","Effect":"Deny","Action":"*","Resource":"*"}])"),
       ""},
      {identity("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::\xC3\xBF\"}"),
       ""},
  };
  for (const DocumentCase& c : cases) {
    EXPECT_EQ(refusal(c.document, PolicyType::kIdentity), c.message) << c.document;
  }
}

// Recorded from IAM, which stores more than its operators can read.
TEST(IamGrammar, DatesThatIamStores) {
  const auto with_date = [](const std::string& date) {
    return identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)"
                    R"({"DateLessThan":{"aws:CurrentTime":")" +
                    date + "\"}}}");
  };
  for (const char* taken :
       {"01T", "-292275054", "2016-12-13t2:00:00.593194+23", "2016-12-13T21:20:37.593194+00:00",
        "2019-07-01T13:20:15Z", "1500000000", "2020", "2020-01", "2020-01-02T10:00Z"}) {
    EXPECT_EQ(refusal(with_date(taken), PolicyType::kIdentity), "") << taken;
  }
  for (const char* refused :
       {"", "sdfdsf", "234-13", "2016-12-13t2:00:00.593194+1", "9223372036854775808", "t-", "-",
        "2016-12-13t2:00:00.1999999999+10:59", "2016-12-13t24:00", "2016-12-32", "-292275055",
        "292278994-01", "2016-12-13t2:60", "2016-12-13t2:00:00+24", "1-1-1-1", "2016-1t1:1:1:1"}) {
    EXPECT_EQ(refusal(with_date(refused), PolicyType::kIdentity), kLegacy) << refused;
  }
}

TEST(IamGrammar, TextThatIsNoJsonHasAnotherSentenceInEachKindOfPolicy) {
  const std::pair<PolicyType, const char*> cases[] = {
      {PolicyType::kIdentity, kSyntax},
      {PolicyType::kTrust, "This policy contains invalid Json"},
      {PolicyType::kSession, "The policy is not in the valid JSON format."}};
  for (const auto& [type, message] : cases) {
    EXPECT_EQ(refusal("This is not a json document", type), message);
    EXPECT_EQ(refusal("{}", type), kSyntax);
  }
}

TEST(IamGrammar, TrustPolicies) {
  const auto trust = [](const std::string& inside) {
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",)" + inside + "}}";
  };
  const DocumentCase cases[] = {
      {trust(R"("Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole")"), ""},
      {trust(R"("Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:TagSession"])"), ""},
      {R"({"Version":"2008-10-17","Id":"x","Statement":[{"Sid":"","Effect":"Allow",
        "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]})",
       ""},
      {trust(R"("Action":"sts:AssumeRole")"), "Missing required field Principal"},
      {trust(R"("Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*")"),
       "Has prohibited field Resource"},
      {trust(R"("NotPrincipal":{"AWS":"111111111111"},"Action":"sts:AssumeRole")"),
       "Has prohibited field NotPrincipal"},
      {trust(R"("Principal":{"AWS":"arn:aws:iam::111111111111:user/*"},"Action":"sts:AssumeRole")"),
       R"(Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*")"},
      {trust(R"("Principal":{"AWS":"111111111111"},"Action":"ecr:PutImage")"),
       "AssumeRole policy may only specify STS AssumeRole actions."},
      {trust(R"("Principal":{"AWS":"111111111111"},"Action":"sts:InvalidAction")"),
       "AssumeRole policy may only specify STS AssumeRole actions."},
      {trust(R"("Principal":{"AWS":"111111111111"},"Action":["sts:assumerole","STS:Assume*"])"),
       ""},
      {trust(R"("Principal":"111111111111","Action":"sts:AssumeRole")"), kSyntax},
  };
  for (const DocumentCase& c : cases) {
    EXPECT_EQ(refusal(c.document, PolicyType::kTrust), c.message) << c.document;
  }
}

TEST(IamGrammar, RepositoryPolicies) {
  const auto repository = [](const std::string& inside) {
    return R"({"Version":"2008-10-17","Statement":[{"Sid":"a b","Effect":"Allow",)" + inside +
           R"(},{"Sid":"a b","Effect":"Allow","Principal":"*","Action":"ecr:*"}]})";
  };
  for (
      const char* taken :
      {R"("Principal":"*","Action":"ecr:PutImage")", R"("Principal":"*","Action":"*")",
       R"("Principal":"*","Action":["ecr:Batch*","ECR:listimages"])",
       R"("Principal":{"AWS":["111111111111","arn:aws:iam::111111111111:role/ci"]},"Action":"ecr:*")",
       R"("NotPrincipal":{"AWS":"111111111111"},"Action":"ecr:Get*")",
       R"("Principal":{"Service":"codebuild.amazonaws.com"},"NotAction":"ecr:PutImage")"}) {
    EXPECT_EQ(refusal(repository(taken), PolicyType::kRepository), "") << taken;
  }
  for (const char* refused :
       {R"("Principal":"*","Action":"ecr:*","Resource":"*")",
        R"("Principal":"*","Action":"ecr:GetAuthorizationToken")",
        R"("Principal":"*","Action":"ecr:DescribeRegistry")",
        R"("Principal":"*","Action":"ecr:NoSuchAction")", R"("Principal":"*","Action":"s3:*")",
        R"("Principal":"*","Action":"ecr")", R"("Principal":"*","Action":[])",
        R"("Action":"ecr:*")",
        R"("Principal":{"AWS":"arn:aws:iam::111111111111:*"},"Action":"ecr:*")",
        R"("Principal":{"AWS":"jane"},"Action":"ecr:*")"}) {
    EXPECT_EQ(refusal(repository(refused), PolicyType::kRepository),
              "Invalid repository policy provided")
        << refused;
  }
  EXPECT_EQ(refusal("{}", PolicyType::kRepository), "Invalid repository policy provided");
  EXPECT_EQ(refusal("{", PolicyType::kRepository), "Invalid repository policy provided");
}

TEST(IamGrammar, RegistryPolicies) {
  const auto registry = [](const std::string& action, const std::string& resource) {
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},)"
           R"("Action":)" +
           action + (resource.empty() ? "" : ",\"Resource\":\"" + resource + "\"") + "}}";
  };
  const char* repositories = "arn:aws:ecr:us-east-1:222222222222:repository/*";
  const std::string refused = "Invalid registry policy provided";
  const DocumentCase cases[] = {
      {registry(R"(["ecr:ReplicateImage","ecr:CreateRepository"])", repositories), ""},
      {registry(R"("ecr:ReplicateImage")", "*"), ""},
      {registry(R"("ecr:*")", repositories), ""},
      {registry(R"("ecr:DescribeRegistry")", "*"), ""},
      {registry(R"("ecr:NoSuchAction")", "*"), refused},
      {registry(R"("ecr:ReplicateImage")", ""), refused},
      {registry(R"("ecr:ReplicateImage")", "arn:aws:s3:::bucket"), refused},
  };
  for (const DocumentCase& c : cases) {
    EXPECT_EQ(refusal(c.document, PolicyType::kRegistry), c.message) << c.document;
  }
}

TEST(IamGrammar, OrganizationPolicies) {
  const std::string full = R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"})";
  EXPECT_EQ(refusal(identity(full), PolicyType::kRcp), "");
  EXPECT_EQ(
      refusal(identity(R"({"Effect":"Deny","Principal":"*","Action":"ecr:*","Resource":"*"})"),
              PolicyType::kRcp),
      "");
  for (const char* refused :
       {R"({"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"*"})",
        R"({"Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":"ecr:*","Resource":"*"})",
        R"({"Effect":"Deny","Action":"ecr:*","Resource":"*"})"}) {
    EXPECT_NE(refusal(identity(refused), PolicyType::kRcp), "") << refused;
  }
  EXPECT_EQ(refusal(identity(full), PolicyType::kScp),
            "Policy document should not specify a principal.");
}

// The example of the ECR User Guide has no Version; an endpoint may carry calls of other services.
TEST(IamGrammar, EndpointPolicies) {
  const auto one = [](const std::string& statement) {
    return refusal(R"({"Statement":[)" + statement + "]}", PolicyType::kEndpoint);
  };
  EXPECT_EQ(one(R"({"Sid":"Allow all","Effect":"Allow","Principal":"*","Action":"*",)"
                R"("Resource":"*"})"),
            "");
  EXPECT_EQ(one(R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
                R"("Resource":"arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"})"),
            "");
  EXPECT_EQ(one(R"({"Effect":"Allow","Action":"*","Resource":"*"})"),
            "Missing required field Principal");
  EXPECT_EQ(one(R"({"Effect":"Allow","Principal":"*","Action":"*"})"),
            "Policy statement must contain resources.");
  // Characters count as they are written, white space too.
  const auto problems = [](std::size_t spaces) {
    return lint_policy(R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"*",)"
                       R"("Resource":"*"}]})" +
                           std::string(spaces, ' '),
                       PolicyType::kEndpoint);
  };
  EXPECT_TRUE(problems(20000).empty());
  ASSERT_EQ(problems(20480).size(), 1U);
  EXPECT_FALSE(problems(20480)[0].warning);
}

TEST(IamGrammar, ProblemSaysWhere) {
  const auto parsed = Policy::parse(
      "{\n \"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\": \"Allow\",\n"
      "   \"Action\": [\"ecr:PutImage\",\n     \"PutImage\"],\n   \"Resource\": \"*\"}]}",
      PolicyType::kIdentity);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().line, 6u);
  EXPECT_EQ(parsed.error().path, "Statement[0].Action[1]");
}

TEST(IamGrammar, HostileDocuments) {
  std::string nested(200'000, '[');
  EXPECT_EQ(refusal(nested, PolicyType::kIdentity), kSyntax);
  EXPECT_EQ(refusal(identity(nested), PolicyType::kIdentity), kSyntax);
  EXPECT_EQ(refusal(std::string(10'000'000, ' '), PolicyType::kIdentity), kSyntax);
  EXPECT_EQ(refusal("\xEF\xBB\xBF" + identity(R"({"Effect":"Allow","Action":"*","Resource":"*"})"),
                    PolicyType::kAny),
            kSyntax);
  EXPECT_EQ(refusal(identity("\"\xFF\""), PolicyType::kAny), kSyntax);
  std::string actions = "\"a:b\"";
  for (int i = 0; i < 100'000; ++i) actions += ",\"a:b\"";
  EXPECT_EQ(refusal(identity(R"({"Effect":"Allow","Resource":"*","Action":[)" + actions + "]}"),
                    PolicyType::kIdentity),
            "");
}

TEST(IamGrammar, CountedSizeLeavesOutWhiteSpaceOutsideOfStrings) {
  EXPECT_EQ(counted_size(""), 0u);
  EXPECT_EQ(counted_size("{ \"a b\" :\n\t1 }"), 9u);
  EXPECT_EQ(counted_size(R"("\" x")"), 6u);
  EXPECT_EQ(counted_size("\"\xC3\xA9\""), 3u);
  EXPECT_EQ(counted_size(R"("\\" x)"), 5u);
}

TEST(IamGrammar, StatementsAreKeptAsWritten) {
  const auto parsed = Policy::parse(
      identity(R"([ {"Resource": "*", "Sid": "x", "Action": "a:b", "Effect": "Allow"} ])"),
      PolicyType::kIdentity);
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)->statement_count(), 1u);
  EXPECT_EQ((*parsed)->sid(0), "x");
  EXPECT_EQ((*parsed)->statement_json(0),
            R"({"Resource":"*","Sid":"x","Action":"a:b","Effect":"Allow"})");
}

// The reference is older than some operations.
TEST(IamAuthorizationData, ActionsOfTheNewestOperationsMayBeNamed) {
  EXPECT_EQ(refusal(R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*",)"
                    R"("Action":["ecr:StartReplicationBackfill","ecr:StopReplicationBackfill",)"
                    R"("ecr:ListReplicationBackfills"],"Resource":"*"}})",
                    PolicyType::kRegistry),
            "");
}

TEST(IamAuthorizationData, CountsOfTheReference) {
  const struct {
    const char* service;
    std::size_t actions;
    std::size_t wildcard_only;
  } cases[] = {{"ecr", 64, 29}, {"sts", 18, 0}, {"iam", 190, 0}};
  for (const auto& c : cases) {
    const ServiceInfo* service = find_service(c.service);
    ASSERT_NE(service, nullptr);
    EXPECT_EQ(service->actions.size(), c.actions);
    if (c.wildcard_only == 0) continue;
    std::size_t count = 0;
    for (const ActionInfo& action : service->actions) {
      count += action.wildcard_only ? 1 : 0;
      EXPECT_EQ(action.wildcard_only, action.resource_arns.empty()) << action.name;
    }
    EXPECT_EQ(count, c.wildcard_only);
  }
  EXPECT_EQ(find_service("s3"), nullptr);
}

}  // namespace
}  // namespace ecr::auth::iam::test
