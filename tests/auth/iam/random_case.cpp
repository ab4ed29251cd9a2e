#include "tests/auth/iam/random_case.h"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ecr::auth::iam::test {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

struct CallerChoice {
  const char* arn;  // null: anonymous
  const char* issuer;
  const char* unique_id;
};

const std::vector<CallerChoice> kCallers = {
    {"arn:aws:iam::111111111111:user/jane", nullptr, "AIDAJANEJANEJANE1234"},
    {"arn:aws:iam::111111111111:user/jane", nullptr, nullptr},
    {"arn:aws:iam::111111111111:user/team/bob", nullptr, nullptr},
    {"arn:aws:iam::222222222222:user/eve", nullptr, "AIDAEVEEVEEVEEVE1234"},
    {"arn:aws:iam::111111111111:root", nullptr, nullptr},
    {"arn:aws:iam::222222222222:root", nullptr, nullptr},
    {"arn:aws:sts::111111111111:assumed-role/ci/run1", "arn:aws:iam::111111111111:role/path/ci",
     "AROACICICICICICI1234"},
    {"arn:aws:sts::111111111111:assumed-role/ci/run1", nullptr, nullptr},
    {"arn:aws:sts::222222222222:assumed-role/deploy/x", "arn:aws:iam::222222222222:role/deploy",
     nullptr},
    {"arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForECR/x",
     "arn:aws:iam::111111111111:role/aws-service-role/replication.ecr.amazonaws.com/"
     "AWSServiceRoleForECR",
     nullptr},
    {"arn:aws:sts::111111111111:federated-user/fred", "arn:aws:iam::111111111111:user/jane",
     "AIDAJANEJANEJANE1234"},
    {"ecr.amazonaws.com", nullptr, nullptr},
    {nullptr, nullptr, nullptr},
};

const Texts kActions = {"ecr:PutImage",
                        "ecr:BatchGetImage",
                        "ecr:GetAuthorizationToken",
                        "ECR:putimage",
                        "ecr:DescribeRepositories",
                        "sts:AssumeRole",
                        "sts:TagSession",
                        "sts:GetCallerIdentity",
                        "iam:CreateUser",
                        "ecr:PutImage",
                        "ecr:PutImage",
                        "ecr:BatchGetImage"};
const Texts kActionPatterns = {"*",
                               "ecr:*",
                               "ecr:Put*",
                               "ecr:PutImage",
                               "ecr:*Image",
                               "ecr:?utImage",
                               "ECR:PUTIMAGE",
                               "sts:*",
                               "sts:Assume*",
                               "iam:*",
                               "*:PutImage",
                               "ecr:Batch*",
                               "ec*:PutImage",
                               "s3:*",
                               "ecr:P*I*e",
                               "e?r:*"};
const Texts kResources = {"arn:aws:ecr:us-east-1:111111111111:repository/app",
                          "arn:aws:ecr:us-east-1:111111111111:repository/app2",
                          "arn:aws:ecr:us-east-1:111111111111:repository/team/jane/app",
                          "arn:aws:ecr:eu-west-1:222222222222:repository/app",
                          "arn:aws:iam::111111111111:role/path/ci",
                          "*"};
const Texts kResourcePatterns = {"*",
                                 "*",
                                 "arn:aws:ecr:us-east-1:111111111111:repository/app",
                                 "arn:aws:ecr:*:*:repository/*",
                                 "arn:aws:ecr:us-east-1:111111111111:repository/*app",
                                 "arn:aws:ecr:us-east-1:*:repository/app?",
                                 "arn:*:ecr:us-*-1:111111111111:*",
                                 "arn:aws:ecr:us-east-1:111111111111:repository/App",
                                 "arn:aws:ecr:*:repository/app",
                                 "arn:aws:ecr:*",
                                 "arn:aws:ecr",
                                 "arn:aws:*:us-east-1:111111111111:repository/app",
                                 "arn:aws:ecr:*:*:repository/team/${aws:username}/*",
                                 "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team, 'team'}/*",
                                 "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/app",
                                 "arn:aws:ecr:*:*:repository/${aws:TagKeys}",
                                 "arn:aws:ecr:*:*:repository/${*}",
                                 "arn:aws:iam::*:role/*",
                                 "arn:aws:s3:::bucket"};
const Texts kPrincipals = {"*",
                           "111111111111",
                           "222222222222",
                           "arn:aws:iam::111111111111:root",
                           "arn:aws:iam::222222222222:root",
                           "arn:aws:iam::111111111111:user/jane",
                           "arn:aws:iam::111111111111:user/team/bob",
                           "arn:aws:iam::222222222222:user/eve",
                           "arn:aws:iam::111111111111:role/path/ci",
                           "arn:aws:iam::111111111111:role/ci",
                           "arn:aws:iam::222222222222:role/deploy",
                           "arn:aws:sts::111111111111:assumed-role/ci/run1",
                           "arn:aws:sts::222222222222:assumed-role/deploy/x",
                           "arn:aws:sts::111111111111:federated-user/fred",
                           "AIDAJANEJANEJANE1234",
                           "AROACICICICICICI1234"};
const Texts kKeys = {"aws:username",
                     "aws:PrincipalTag/team",
                     "aws:SourceIp",
                     "aws:CurrentTime",
                     "aws:EpochTime",
                     "aws:SecureTransport",
                     "aws:TagKeys",
                     "aws:PrincipalArn",
                     "aws:MultiFactorAuthAge",
                     "AWS:UserName",
                     "aws:CalledVia",
                     "ecr:ResourceTag/env",
                     "aws:Missing",
                     "x:Binary"};
const Texts kOperators = {"StringEquals",
                          "StringNotEquals",
                          "StringEqualsIgnoreCase",
                          "StringNotEqualsIgnoreCase",
                          "StringLike",
                          "StringNotLike",
                          "NumericEquals",
                          "NumericNotEquals",
                          "NumericLessThan",
                          "NumericLessThanEquals",
                          "NumericGreaterThan",
                          "NumericGreaterThanEquals",
                          "DateEquals",
                          "DateNotEquals",
                          "DateLessThan",
                          "DateLessThanEquals",
                          "DateGreaterThan",
                          "DateGreaterThanEquals",
                          "Bool",
                          "BinaryEquals",
                          "IpAddress",
                          "NotIpAddress",
                          "ArnEquals",
                          "ArnLike",
                          "ArnNotEquals",
                          "ArnNotLike",
                          "Null"};
// Values of a key in a request. With the patterns below, they are also the values in policies.
const Texts kValues = {"jane",
                       "Jane",
                       "bob",
                       "team",
                       "",
                       "*",
                       "10.0.0.1",
                       "10.0.1.1",
                       "2001:db8::1",
                       "2026-01-01T00:00:00Z",
                       "2026-01-01T02:00:00+02:00",
                       "2026-06-01",
                       "1767225600",
                       "5",
                       "5.0",
                       "-3",
                       "10",
                       "true",
                       "False",
                       "prod",
                       "dev",
                       "a",
                       "b",
                       "arn:aws:iam::111111111111:user/jane",
                       "arn:aws:iam::111111111111:role/path/ci",
                       "AQID",
                       "AQI=",
                       "ja*e"};
const Texts kPatterns = {"ja*",
                         "?ane",
                         "*",
                         "j*n?",
                         "10.0.0.0/24",
                         "10.0.0.0/8",
                         "2001:db8::/32",
                         "0.0.0.0/0",
                         "arn:aws:iam::111111111111:*",
                         "arn:aws:iam::*:user/*",
                         "arn:aws:*",
                         "arn:*:iam::11111111111?:*/ja?e",
                         "${aws:username}",
                         "${aws:PrincipalTag/team, 'none'}",
                         "${aws:Missing}",
                         "${*}",
                         "x${aws:username}*",
                         "${AWS:principalarn}",
                         "${aws:TagKeys}",
                         "TRUE",
                         "arn:aws:iam::${aws:PrincipalAccount}:user/*",
                         "300",
                         "10.0.0.0/33",
                         "1/8"};

// Where a policy stands decides which elements it has.
enum class Place { kIdentity, kResource, kRcp };

class Generator {
 public:
  explicit Generator(std::uint64_t number) : random_(number) {}

  Json make_case() {
    Json policies;
    policies["identity"] = documents(one_in(3) ? 0 : 1 + below(2), Place::kIdentity);
    if (one_in(4)) policies["boundaries"] = documents(1 + below(2), Place::kIdentity);
    if (one_in(4)) policies["session"] = documents(1 + below(2), Place::kIdentity);
    if (one_in(5)) policies["scope_down"] = documents(1 + below(2), Place::kIdentity);
    if (one_in(4)) policies["endpoint"] = document(Place::kRcp);
    if (one_in(2)) policies["resource"] = document(Place::kResource);
    if (one_in(4)) policies["scps"] = levels(Place::kIdentity);
    if (one_in(4)) policies["rcps"] = levels(Place::kRcp);
    return {{"request", request()}, {"policies", policies}};
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  const std::string& pick(const Texts& from) { return from[below(from.size())]; }

  Json request() {
    Json request;
    const CallerChoice& caller = kCallers[below(kCallers.size())];
    request["principal"] = caller.arn == nullptr ? Json() : Json(caller.arn);
    if (caller.issuer != nullptr) request["principal_issuer"] = caller.issuer;
    if (caller.unique_id != nullptr) request["principal_unique_id"] = caller.unique_id;
    request["action"] = pick(kActions);
    request["resource"] = pick(kResources);
    if (one_in(3)) request["resource_account"] = one_in(3) ? "222222222222" : "111111111111";
    request["context"] = context();
    return request;
  }

  Json context() {
    Json context = Json::object();
    const auto sometimes = [&](const char* key, const Texts& values) {
      if (!one_in(3)) context[key] = pick(values);
    };
    sometimes("aws:username", {"jane", "bob", "Jane"});
    sometimes("aws:PrincipalTag/Team", {"team", "dev", ""});
    sometimes("aws:SourceIp", {"10.0.0.1", "10.0.1.1", "2001:db8::1", "nowhere"});
    sometimes("aws:CurrentTime", {"2026-01-01T00:00:00Z", "2026-06-01T10:00:00Z"});
    sometimes("aws:EpochTime", {"1767225600", "1780308000"});
    sometimes("aws:SecureTransport", {"true", "false"});
    sometimes("aws:PrincipalArn",
              {"arn:aws:iam::111111111111:user/jane", "arn:aws:iam::111111111111:role/path/ci"});
    sometimes("aws:MultiFactorAuthAge", {"5", "300", "10.5", "x"});
    sometimes("aws:PrincipalAccount", {"111111111111", "222222222222"});
    sometimes("x:Binary", {"AQID", "AQI=", "bad"});
    sometimes("ecr:ResourceTag/env", {"prod", "dev", "*"});
    if (one_in(4)) context["aws:FederatedProvider"] = "accounts.google.com";
    if (!one_in(3)) context["aws:TagKeys"] = some_values(4);
    if (one_in(3)) context["aws:CalledVia"] = some_values(3);
    return context;
  }

  Json some_values(std::size_t most) {
    Json values = Json::array();
    for (std::size_t n = below(most); n > 0; --n) values.push_back(pick(kValues));
    return values;
  }

  Json documents(std::size_t count, Place place) {
    Json out = Json::array();
    for (; count > 0; --count) out.push_back(document(place));
    return out;
  }

  Json levels(Place place) {
    Json out = Json::array();
    for (std::size_t n = 1 + below(3); n > 0; --n) {
      Json level = documents(one_in(10) ? 0 : 1, place);
      Json full = {{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}};
      if (place == Place::kRcp) full["Principal"] = "*";
      if (!one_in(4)) level.push_back({{"Statement", full}});
      out.push_back(level);
    }
    return out;
  }

  Json document(Place place) {
    Json document;
    if (!one_in(4)) document["Version"] = one_in(4) ? "2008-10-17" : "2012-10-17";
    Json statements = Json::array();
    for (std::size_t n = 1 + below(3); n > 0; --n) statements.push_back(statement(place));
    document["Statement"] = statements.size() == 1 && one_in(2) ? statements[0] : statements;
    return document;
  }

  Json some(const Texts& from) {
    if (one_in(2)) return pick(from);
    Json out = Json::array();
    for (std::size_t n = 1 + below(3); n > 0; --n) out.push_back(pick(from));
    return out;
  }

  Json statement(Place place) {
    Json statement;
    statement["Effect"] = one_in(4) ? "Deny" : "Allow";
    statement[one_in(8) ? "NotAction" : "Action"] = some(kActionPatterns);
    if (place != Place::kResource || one_in(2)) {
      statement[one_in(8) ? "NotResource" : "Resource"] = some(kResourcePatterns);
    }
    if (place != Place::kIdentity)
      statement[one_in(8) ? "NotPrincipal" : "Principal"] = principal();
    if (one_in(2)) statement["Condition"] = condition();
    return statement;
  }

  Json principal() {
    if (one_in(4)) return "*";
    Json out;
    if (!one_in(6)) out["AWS"] = some(kPrincipals);
    if (one_in(4)) out["Service"] = one_in(2) ? "ecr.amazonaws.com" : "ec2.amazonaws.com";
    if (one_in(6)) out["Federated"] = "accounts.google.com";
    if (one_in(8) || out.is_null()) out["CanonicalUser"] = "79a59df900b949e55d96a1e698fbaced";
    return out;
  }

  Json condition() {
    Json condition;
    for (std::size_t n = 1 + below(2); n > 0; --n) {
      std::string op = pick(kOperators);
      if (op != "Null" && one_in(4)) op += "IfExists";
      if (one_in(3)) op = (one_in(2) ? "ForAllValues:" : "ForAnyValue:") + op;
      for (std::size_t keys = 1 + below(2); keys > 0; --keys) {
        // Mostly a key whose values the operator can read.
        condition[op][one_in(3) ? pick(kKeys) : suitable_key(op)] = wanted(op);
      }
    }
    return condition;
  }

  std::string suitable_key(const std::string& op) {
    const auto has = [&](const char* part) { return op.find(part) != std::string::npos; };
    if (has("Numeric")) return "aws:MultiFactorAuthAge";
    if (has("Date")) return one_in(2) ? "aws:CurrentTime" : "aws:EpochTime";
    if (has("Bool")) return "aws:SecureTransport";
    if (has("Binary")) return "x:Binary";
    if (has("Ip")) return "aws:SourceIp";
    if (has("Arn")) return "aws:PrincipalArn";
    if (has("For")) return "aws:TagKeys";
    return one_in(2) ? "aws:username" : "aws:PrincipalTag/team";
  }

  Json wanted(const std::string& op) {
    if (op.ends_with("Null"))
      return one_in(4) ? Json(one_in(2)) : Json(one_in(2) ? "true" : "false");
    if (op.find("Numeric") != std::string::npos && one_in(2)) return below(11);
    Json values = Json::array();
    for (std::size_t n = one_in(12) ? 0 : 1 + below(3); n > 0; --n) {
      values.push_back(one_in(2) ? pick(kPatterns) : pick(kValues));
    }
    return values.size() == 1 && one_in(2) ? values[0] : values;
  }

  std::mt19937_64 random_;
};

}  // namespace

Json random_case(std::uint64_t number) { return Generator(number).make_case(); }

}  // namespace ecr::auth::iam::test
