// GET /_ecr-local/who-can: what it lists, and that it agrees with the gate about every principal.
#include "api/admin/what_if/who_can.h"

#include <random>

#include "api/core/access/gate.h"
#include "api/core/access/principal_policies.h"
#include "storage/rows/iam/account_access.h"
#include "tests/api/admin/what_if/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
namespace {

class WhoCanTest : public WhatIfTest {
 protected:
  Json who(const std::string& action, const std::string& resource, const std::string& more = "") {
    return answer("GET", "who-can?action=" + action + "&resource=" + resource + more);
  }
  // "user/jane allowed", "222233334444 root conditional", ... in the order of the answer.
  std::vector<std::string> names(const Json& json) {
    std::vector<std::string> found;
    for (const Json& one : json["principals"]) {
      const std::string arn = one["principal"].get<std::string>();
      found.push_back(arn.substr(arn.rfind(':') + 1) + " " + one["verdict"].get<std::string>());
    }
    return found;
  }
};

using Names = std::vector<std::string>;

TEST_F(WhoCanTest, ListsEveryPrincipalThatIsAllowed) {
  const Json json = who("ecr:PutImage", kAppArn);
  EXPECT_EQ(json["action"], "ecr:PutImage");
  EXPECT_EQ(json["resource"], kAppArn);
  EXPECT_EQ(json["truncated"], false);
  EXPECT_EQ(names(json), (Names{"role/ci allowed", "root allowed"}));
  const Json& ci = json["principals"][0];
  EXPECT_EQ(ci["kind"], "role");
  EXPECT_EQ(ci["account"], "111122223333");
  EXPECT_EQ(ci["decidedBy"], "identity");
  EXPECT_EQ(ci["policy"], "inline policy push of role ci");
  EXPECT_EQ(ci["statement"]["index"], 0);
  EXPECT_EQ(ci["conditions"], Json::array());
}

// The policy of the repository lets the other account in; of its users those whose own policies
// allow it, too.
TEST_F(WhoCanTest, ListsThoseOfOtherAccounts) {
  EXPECT_EQ(names(who("ecr:BatchGetImage", kAppArn)),
            (Names{"root allowed", "user/jane allowed", "root allowed", "user/olga allowed"}));
  EXPECT_EQ(names(who("ecr:BatchGetImage", kAppArn, "&account=222233334444")),
            (Names{"root allowed", "user/olga allowed"}));
  EXPECT_EQ(names(who("ecr:BatchGetImage", kOpsArn)), (Names{"root allowed", "user/jane allowed"}));
}

TEST_F(WhoCanTest, ListsTheServicesSessionsAndAccountsThatAPolicyNames) {
  Json document = {{"Version", "2012-10-17"},
                   {"Statement",
                    {{{"Effect", "Allow"},
                      {"Principal",
                       {{"Service", "lambda.amazonaws.com"},
                        {"AWS",
                         {"arn:aws:sts::111122223333:assumed-role/ci/build-1",
                          "arn:aws:iam::333344445555:root"}}}},
                      {"Action", "ecr:BatchGetImage"}}}}};
  answer("PUT", "policies", change("repository", kOpsArn, document));
  const Json json = who("ecr:BatchGetImage", kOpsArn);
  EXPECT_EQ(names(json), (Names{"lambda.amazonaws.com allowed", "root allowed", "user/jane allowed",
                                "assumed-role/ci/build-1 allowed", "root allowed"}));
  EXPECT_EQ(json["principals"][0]["kind"], "service");
  EXPECT_EQ(json["principals"][3]["kind"], "session");
  EXPECT_EQ(json["principals"][4]["principal"], "arn:aws:iam::333344445555:root");
}

TEST_F(WhoCanTest, NamesTheKeysThatARequestMustCarry) {
  Json document = policy("Allow", "ecr:PutImage", "*");
  document["Statement"][0]["Condition"] = {{"Bool", {{"aws:MultiFactorAuthPresent", "true"}}}};
  document["Statement"].push_back(
      {{"Effect", "Deny"},
       {"Action", "ecr:PutImage"},
       {"Resource", "*"},
       {"Condition", {{"NotIpAddress", {{"aws:SourceIp", "10.0.0.0/8"}}}}}});
  answer("PUT", "policies", inline_change(arn_of("user/mark"), "careful", document));
  const Json json = who("ecr:PutImage", kAppArn);
  EXPECT_EQ(names(json), (Names{"role/ci allowed", "root allowed", "user/mark conditional"}));
  EXPECT_EQ(json["principals"][2]["conditions"],
            Json({"aws:MultiFactorAuthPresent", "aws:SourceIp"}));
  EXPECT_EQ(json["principals"][2]["policy"], "inline policy careful of user mark");
  EXPECT_EQ(json["principals"][2]["statement"]["index"], 0);
}

TEST_F(WhoCanTest, WhatCannotBeUsedIsNamed) {
  const auto refused = [&](const std::string& query) { return refusal("GET", "who-can" + query); };
  EXPECT_EQ(refused(""), "action: is missing: one action, such as ecr:PutImage");
  EXPECT_EQ(refused("?action=ecr:PutImage"), "resource: is missing: an ARN, or *");
  EXPECT_EQ(refused("?action=PutImage&resource=*"),
            "action: must be one action, such as ecr:PutImage; it is \"PutImage\"");
  EXPECT_EQ(refused("?action=ecr:*&resource=*"),
            "action: must be one action, such as ecr:PutImage; it is \"ecr:*\"");
  EXPECT_EQ(
      refused("?action=ecr:PutImage&resource=App"),
      "resource: must be an ARN, such as arn:aws:ecr:us-east-1:000000000000:repository/app, or "
      "*; it is \"App\"");
  EXPECT_EQ(refused("?action=ecr:PutImage&resource=*&account=1"), "account: must be 12 digits");
  EXPECT_EQ(refused("?action=ecr:PutImage&resource=*&limit=0"),
            "limit: must be a number from 1 to 10000");
}

TEST_F(WhoCanTest, WhatIsNotThereIsANote) {
  EXPECT_EQ(who("ecr:PutImages", kAppArn)["notes"],
            Json({"there is no action ecr:PutImages, did you mean ecr:PutImage?"}));
  EXPECT_EQ(who("ecr:PutImage", kAppArn)["notes"], Json::array());
}

TEST_F(WhoCanTest, AnAnswerHasALimit) {
  const Json json = who("ecr:BatchGetImage", kAppArn, "&limit=2");
  EXPECT_EQ(json["principals"].size(), 2u);
  EXPECT_EQ(json["truncated"], true);
}

TEST_F(WhoCanTest, AQuestionThatTakesTooLongSaysThatMoreMayBeThere) {
  const Json whole = who("ecr:BatchGetImage", kAppArn);
  clock.step = std::chrono::milliseconds(700);
  const Json json = who("ecr:BatchGetImage", kAppArn);
  EXPECT_EQ(json["truncated"], true);
  EXPECT_LT(json["principals"].size(), whole["principals"].size());
}

// Random policies with random conditions, and for each principal many random requests, decided by
// the gate itself. A principal that is "allowed" is allowed every request, one that is not listed
// none; and one that is "conditional" no more than that.
class WhoCanProperty : public WhoCanTest {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  Json random_condition() {
    switch (below(7)) {
      case 0:
        return {{"StringEquals", {{"aws:ResourceTag/team", one_of<std::string>({"a", "b"})}}}};
      case 1:
        return {
            {"StringLike", {{"aws:PrincipalArn", one_of<std::string>({"*user/j*", "*role/*"})}}}};
      case 2:
        return {{one_of<std::string>({"StringEquals", "StringNotEquals", "StringEqualsIfExists"}),
                 {{"aws:UserAgent", one_of<std::string>({"docker", "podman"})}}}};
      case 3:
        return {{one_of<std::string>({"IpAddress", "NotIpAddress"}),
                 {{"aws:SourceIp", one_of<std::string>({"10.0.0.0/8", "10.1.0.0/16"})}}}};
      case 4:
        return {{"Bool", {{"aws:SecureTransport", one_of<std::string>({"true", "false"})}}}};
      case 5:
        return {{"Null", {{"aws:Referer", one_of<std::string>({"true", "false"})}}}};
      default:
        return {{"StringEquals", {{"aws:ResourceTag/team", "${aws:PrincipalTag/team}"}}}};
    }
  }
  Json random_statement() {
    Json statement = {{"Effect", below(4) == 0 ? "Deny" : "Allow"},
                      {one_of<std::string>({"Action", "Action", "NotAction"}),
                       one_of<std::string>({"ecr:PutImage", "ecr:ListImages", "ecr:*"})},
                      {"Resource", one_of<std::string>({kAppArn, "*", kOpsArn})}};
    for (std::size_t i = below(3); i > 0; --i) statement["Condition"].update(random_condition());
    return statement;
  }
  Json random_policy() {
    Json json = {{"Version", "2012-10-17"}, {"Statement", Json::array()}};
    for (std::size_t i = 1 + below(2); i > 0; --i) json["Statement"].push_back(random_statement());
    return json;
  }
  Json random_resource_policy() {
    Json json = random_policy();
    for (Json& statement : json["Statement"]) {
      statement.erase("Resource");
      if (statement.contains("NotAction")) {
        statement["Action"] = "ecr:PutImage";
        statement.erase("NotAction");
      }
      statement["Principal"] =
          one_of<Json>({Json("*"), Json{{"AWS", "222233334444"}},
                        Json{{"AWS", arn_of("user/jane")}}, Json{{"AWS", arn_of("role/ci")}}});
    }
    return json;
  }
  // A request as a client could make it.
  HttpRequest random_http() {
    std::vector<std::pair<std::string, std::string>> headers = {{"Host", host}};
    if (below(2) == 0) headers.emplace_back("User-Agent", below(2) == 0 ? "docker" : "podman");
    if (below(2) == 0) headers.emplace_back("Referer", "x");
    HttpRequest request = make_request("POST", "/", headers, "");
    request.peer = one_of<std::string>({"10.1.0.1", "10.2.0.1", "192.168.0.1"});
    request.secure = below(2) == 0;
    return request;
  }

  // How many of these requests the gate allows.
  int allowed(const std::string& principal, const std::string& action, const std::string& name,
              int requests) {
    auto txn = store->database().begin(storage::sql::Access::kRead);
    admin::what_if::PolicyView view(services, txn, stored_policies());
    const auto caller = view.caller_named(principal);
    EXPECT_TRUE(caller.has_value());
    const auto repository =
        storage::find_repository(txn, {"111122223333", "us-east-1"}, model::test::name_of(name));
    int count = 0;
    for (int i = 0; i < requests; ++i) {
      const HttpRequest http = random_http();
      LogNote note;
      const Request request{services,    txn, http, *caller, {caller->account, "us-east-1"},
                            clock.now(), note};
      const Target target = make_repository_target(request, action, {"111122223333", "us-east-1"},
                                                   repository->name, &*repository);
      count += is_allowed(request, target) ? 1 : 0;
    }
    return count;
  }

 private:
  std::mt19937 random_{20260131};
};

TEST_F(WhoCanProperty, AgreesWithTheGateAboutEveryPrincipal) {
  const std::vector<std::string> principals = {arn_of("user/jane"),
                                               arn_of("user/lena"),
                                               arn_of("user/mark"),
                                               arn_of("role/ci"),
                                               arn_of("root"),
                                               "arn:aws:iam::222233334444:user/olga",
                                               "arn:aws:iam::222233334444:root"};
  constexpr int kRequests = 40;
  int verdicts[3] = {};
  for (int round = 0; round < 60; ++round) {
    for (const char* target : {"user/jane", "user/mark", "role/ci", "group/devs"}) {
      answer("PUT", "policies", inline_change(arn_of(target), "random", random_policy()));
    }
    Json body = change("repository", kAppArn, random_resource_policy());
    body["force"] = true;
    answer("PUT", "policies", body);
    for (const char* action : {"ecr:PutImage", "ecr:ListImages"}) {
      std::map<std::string, std::string> answered;
      const Json json = who(action, kAppArn);
      for (const Json& one : json["principals"]) {
        answered[one["principal"].get<std::string>()] = one["verdict"].get<std::string>();
      }
      for (const std::string& principal : principals) {
        const std::string verdict = answered.contains(principal) ? answered[principal] : "denied";
        const int count = allowed(principal, action, "app", kRequests);
        const std::string what = principal + " " + action + " in round " + std::to_string(round);
        if (verdict == "allowed") {
          EXPECT_EQ(count, kRequests) << what;
        }
        if (verdict == "denied") {
          EXPECT_EQ(count, 0) << what;
        }
        ++verdicts[verdict == "allowed" ? 0 : verdict == "denied" ? 1 : 2];
      }
    }
  }
  // The policies were such that every answer occurs often.
  for (const int count : verdicts) EXPECT_GT(count, 50);
}

// Where no condition depends on the request, the answer is exact: the matrix says the same, cell by
// cell.
TEST_F(WhoCanProperty, AgreesWithTheMatrix) {
  for (int round = 0; round < 40; ++round) {
    for (const char* target : {"user/jane", "user/mark", "role/ci"}) {
      answer("PUT", "policies", inline_change(arn_of(target), "random", random_policy()));
    }
    const Json json = who("ecr:PutImage", kAppArn);
    std::map<std::string, std::string> answered;
    for (const Json& one : json["principals"]) {
      answered[one["principal"].get<std::string>()] = one["verdict"].get<std::string>();
    }
    Json all = Json::array();
    for (const char* one : {"user/jane", "user/lena", "user/mark", "role/ci", "root"}) {
      all.push_back(arn_of(one));
    }
    const Json rows =
        answer("POST", "decisions/matrix",
               {{"principals", all}, {"actions", {"ecr:PutImage"}}, {"resource", kAppArn}});
    for (const Json& row : rows["rows"]) {
      const Json& found = row["cells"][0];
      const std::string principal = row["principal"].get<std::string>();
      const std::string verdict = answered.contains(principal) ? answered[principal] : "denied";
      EXPECT_EQ(verdict == "conditional", !found["conditions"].empty()) << principal;
      if (verdict == "allowed") {
        EXPECT_EQ(found["decision"], "Allowed") << principal;
      }
      if (verdict == "denied") {
        EXPECT_NE(found["decision"], "Allowed") << principal;
      }
    }
  }
}

// What a changed policy is said to decide is what it decides once it is stored.
TEST_F(WhoCanProperty, AMatrixWithChangesIsTheGateAfterThem) {
  const std::vector<std::string> known = {"aws:ResourceTag/team", "aws:PrincipalArn"};
  for (int round = 0; round < 200; ++round) {
    Json document = random_policy();
    for (Json& statement : document["Statement"]) {
      if (statement.contains("Condition")) {
        statement["Condition"] = {
            {"StringLike", {{one_of(known), one_of<std::string>({"a", "*jane", "b*"})}}}};
      }
    }
    const Json edit = inline_change(arn_of("user/jane"), "pull", document);
    const std::string before = cell(arn_of("user/jane"), "ecr:ListImages", kAppArn, {edit});
    become("jane");
    send("ListImages", Json{{"repositoryName", "app"}});
    const auto record = decisions.read_back(decisions.newest() + 1, 0, 1, {}).front();
    const Json replayed = answer("POST", "decisions/replay", {{"changes", {edit}}, {"limit", 1}});
    answer("PUT", "policies", edit);
    send("ListImages", Json{{"repositoryName", "app"}});
    const auto after = decisions.read_back(decisions.newest() + 1, 0, 1, {}).front();
    EXPECT_EQ(before, auth::iam::name_of(after->verdict.decision)) << document.dump();
    const bool differs = record->verdict.decision != after->verdict.decision;
    ASSERT_EQ(replayed["changed"].size(), differs ? 1u : 0u) << document.dump();
    if (differs) {
      EXPECT_EQ(replayed["changed"][0]["after"]["decision"], before);
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
