// `ecr-local explain`: the tree, the client, the flags.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/cli/command_line.h"
#include "server/cli/explain_text.h"
#include "server/cli/server_client.h"

namespace ecr::server {
namespace {

using base::OrderedJson;

constexpr const char* kImplicit = R"({
  "sequence": 7, "requestId": "0f1e", "time": "2026-01-31T12:00:00.000Z",
  "principal": "arn:aws:iam::111122223333:user/jane", "action": "ecr:ListImages",
  "resource": "arn:aws:ecr:us-east-1:111122223333:repository/b",
  "context": {"aws:PrincipalTag/team": "a", "aws:ResourceTag/team": "b", "aws:TagKeys": ["x"]},
  "decision": "ImplicitlyDenied", "decidedBy": "identity", "message": "User: ... action",
  "enforced": true, "statement": null,
  "suggestion": [{"change": "add", "policyType": "identity",
                  "where": "an identity-based policy of jane",
                  "statement": {"Effect": "Allow", "Action": "ecr:ListImages"}}],
  "trace": [
    {"policyType": "scp", "level": 0, "policy": 0, "source": "FullAWSAccess", "index": 0,
     "effect": "Allow", "outcome": "Matched", "document": {}},
    {"policyType": "resource", "policy": 0, "source": "repository policy of b", "index": 0,
     "effect": "Allow", "outcome": "PrincipalMismatch",
     "document": {"Principal": {"AWS": "222233334444"}}},
    {"policyType": "identity", "policy": 0, "source": "inline policy p of user jane", "index": 0,
     "effect": "Allow", "outcome": "ActionMismatch",
     "document": {"NotAction": ["ecr:List*", "ecr:Describe*"]}},
    {"policyType": "identity", "policy": 0, "source": "inline policy p of user jane", "index": 1,
     "sid": "Own", "effect": "Allow", "outcome": "ResourceMismatch",
     "document": {"Resource": "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*"}},
    {"policyType": "identity", "policy": 1, "source": "arn:aws:iam::aws:policy/X", "index": 0,
     "effect": "Allow", "outcome": "ConditionMismatch",
     "condition": {"operator": "StringEquals", "key": "aws:ResourceTag/team",
                   "wanted": "${aws:PrincipalTag/team}", "actual": "b"}, "document": {}},
    {"policyType": "identity", "policy": 1, "source": "arn:aws:iam::aws:policy/X", "index": 1,
     "effect": "Deny", "outcome": "ConditionMismatch",
     "condition": {"operator": "Bool", "key": "aws:MultiFactorAuthPresent",
                   "wanted": ["false"], "actual": null}, "document": {}}]})";

TEST(ExplainText, TellsWhyEveryStatementDidNotApply) {
  EXPECT_EQ(explain_text(OrderedJson::parse(kImplicit)),
            R"(✗ ecr:ListImages on arn:aws:ecr:us-east-1:111122223333:repository/b
├─ verdict: ImplicitlyDenied (identity)
├─ message: User: ... action
├─ request: 0f1e at 2026-01-31T12:00:00.000Z
├─ to allow it
│  └─ add to an identity-based policy of jane
│     └─ {"Effect":"Allow","Action":"ecr:ListImages"}
├─ principal: arn:aws:iam::111122223333:user/jane
├─ deciding statement: none, as no identity-based policy allows it
├─ service control policies
│  └─ level 0: FullAWSAccess
│     └─ ✓ Allow (statement 0) applies
├─ resource-based policies
│  └─ repository policy of b
│     └─ – Allow (statement 0) does not apply: Principal {"AWS":"222233334444"} does not match arn:aws:iam::111122223333:user/jane
├─ identity-based policies
│  ├─ inline policy p of user jane
│  │  ├─ – Allow (statement 0) does not apply: NotAction ["ecr:List*","ecr:Describe*"] leaves out ecr:ListImages
│  │  └─ – Allow (statement 1, Sid Own) does not apply: Resource "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*" does not match arn:aws:ecr:us-east-1:111122223333:repository/b; aws:PrincipalTag/team is "a"
│  └─ arn:aws:iam::aws:policy/X
│     ├─ – Allow (statement 0) does not apply: StringEquals aws:ResourceTag/team wants "${aws:PrincipalTag/team}", the request has "b"; aws:PrincipalTag/team is "a"
│     └─ – Deny (statement 1) does not apply: Bool aws:MultiFactorAuthPresent wants ["false"], the request does not have it
└─ context
   ├─ aws:PrincipalTag/team = a
   ├─ aws:ResourceTag/team = b
   └─ aws:TagKeys = ["x"]
)");
}

TEST(ExplainText, ADenyIsShownWithWhatTakesItsPlace) {
  const auto decision = OrderedJson::parse(R"({
    "requestId": "0f1e", "time": "t", "principal": null, "action": "ecr:PutImage", "resource": "*",
    "context": {}, "decision": "ExplicitlyDenied", "decidedBy": "boundary", "message": "m",
    "enforced": false,
    "statement": {"source": "b", "index": 2, "sid": "No", "document": {"Effect": "Deny"}},
    "suggestion": [{"change": "removeOrNarrow", "policyType": "boundary", "where": "b", "index": 2,
                    "sid": "No", "statement": {"Effect": "Deny"},
                    "narrowed": [{"Effect": "Less"}, {"Effect": "Other"}],
                    "narrowedAlsoAllows": "ecr:PutImage on team-*"},
                   {"change": "removeOrNarrow", "policyType": "boundary", "where": "c", "index": 0,
                    "statement": {"Effect": "Deny"}}],
    "trace": [{"policyType": "boundary", "policy": 0, "source": "b", "index": 2, "sid": "No",
               "effect": "Deny", "outcome": "Matched", "document": {"Effect": "Deny"}}]})");
  EXPECT_EQ(explain_text(decision), R"(✗ ecr:PutImage on * (allowed all the same: --iam soft)
├─ verdict: ExplicitlyDenied (boundary), but not enforced
├─ message: m
├─ request: 0f1e at t
├─ to allow it
│  ├─ replace statement 2 (Sid No) of b, which denies it, by
│  │  ├─ {"Effect":"Less"}
│  │  ├─ {"Effect":"Other"}
│  │  └─ careful: this no longer denies the caller ecr:PutImage on team-* either, as no statement can leave one name out of a pattern
│  └─ remove or narrow statement 0 of c, which denies it
│     └─ {"Effect":"Deny"}
├─ principal: anonymous
├─ deciding statement: 2 of b
│  └─ {"Effect":"Deny"}
├─ resource-based policies: none
├─ identity-based policies: none
├─ permissions boundaries
│  └─ b
│     └─ ✗ Deny (statement 2, Sid No) applies
└─ context
)");
}

TEST(ExplainText, NotesComeBeforeTheAdviceAndTheWholePushBeforeTheRequest) {
  auto decision = OrderedJson::parse(R"({"decision": "ImplicitlyDenied", "action": "ecr:PutImage",
    "resource": "r", "hints": ["there is no repository app", "app exists elsewhere"],
    "suggestion": [{"change": "add", "where": "w", "statement": {"Action": "a"}}],
    "documents": [{"where": "w", "how": "add this policy to jane", "document": {"Statement": [1]}}],
    "work": {"name": "push", "missing": ["ecr:A", "ecr:B"], "denied": ["ecr:B"],
             "suggestion": [{"change": "add", "where": "w", "statement": {"Action": ["a", "b"]}},
                            {"change": "add", "where": "x", "statement": {"Action": "c"}}],
             "documents": [{"where": "w", "how": "add this policy to jane",
                            "document": {"Statement": [1, 2]}}]}})");
  const std::string text = explain_text(decision);
  // A whole policy stands for the statements in it; a statement without one stays.
  EXPECT_NE(text.find(R"(├─ note: there is no repository app
├─ note: app exists elsewhere
├─ to allow the whole docker push
│  ├─ add this policy to jane
│  │  └─ {"Statement":[1,2]}
│  ├─ add to x
│  │  └─ {"Action":"c"}
│  └─ change the statements that deny ecr:B
├─ to allow ecr:PutImage alone
│  └─ add this policy to jane
│     └─ {"Statement":[1]}
├─ principal)"),
            std::string::npos)
      << text;
  // There is no policy to change where the role does not exist.
  decision["suggestion"] = OrderedJson::array();
  EXPECT_EQ(explain_text(decision).find("to allow"), std::string::npos);
}

TEST(ExplainText, ATagIsAnAlternativeAndOtherClientsAreNotCalledDocker) {
  auto decision = OrderedJson::parse(R"({"decision": "ImplicitlyDenied", "action": "ecr:PutImage",
    "suggestion": [{"change": "add", "where": "w", "statement": 1}],
    "alternatives": [{"change": "tag", "where": "repository app", "command": "aws ecr x",
                      "caution": "careful: all"}, {"change": "?"}, 7]})");
  const std::string tag = R"(  └─ 1
│  └─ or tag repository app
│     ├─ aws ecr x
│     └─ careful: all
)";
  EXPECT_NE(explain_text(decision).find("├─ to allow it\n│  ├─ add to w\n│  │" + tag),
            std::string::npos)
      << explain_text(decision);
  // Once, where it allows the whole of the work.
  decision["context"]["aws:UserAgent"] = "oras/1.2.0";
  decision["work"] = {{"name", "push"},
                      {"suggestion", decision["suggestion"]},
                      {"alternatives", decision["alternatives"]}};
  const std::string text = explain_text(decision);
  EXPECT_NE(text.find("├─ to allow the whole push\n│  ├─ add to w\n│  │" + tag), std::string::npos)
      << text;
  EXPECT_EQ(text.find("or tag"), text.rfind("or tag"));
}

TEST(ExplainText, SaysHowOldItIsAndWhatCameAfterIt) {
  const std::string text = explain_text(OrderedJson::parse(R"({
    "decision": "ImplicitlyDenied", "requestId": "0f1e", "time": "t", "age": "2 minutes ago",
    "since": ["3 requests of this principal; the last one was allowed", 7]})"));
  EXPECT_NE(text.find("├─ request: 0f1e at t, 2 minutes ago\n"
                      "├─ since then: 3 requests of this principal; the last one was allowed\n"
                      "├─ principal"),
            std::string::npos)
      << text;
}

TEST(ExplainText, AWebIdentityIsShownByItsTokenAndTheCautionByTheAdvice) {
  const std::string text = explain_text(OrderedJson::parse(R"({
    "decision": "ImplicitlyDenied", "principal": null,
    "context": {"aws:FederatedProvider": "arn:aws:iam::1:oidc-provider/idp.example.com",
                "idp.example.com:sub": "repo:octo/app:pull_request"},
    "suggestion": [{"change": "add", "where": "w", "statement": {}, "caution": "careful: all"}]})"));
  EXPECT_NE(
      text.find("├─ to allow it\n"
                "│  ├─ add to w\n"
                "│  │  └─ {}\n"
                "│  └─ careful: all\n"
                "├─ principal: a web identity of arn:aws:iam::1:oidc-provider/idp.example.com, "
                "subject \"repo:octo/app:pull_request\"\n"),
      std::string::npos)
      << text;
}

TEST(ExplainText, AFailureBeginsWithTheReason) {
  EXPECT_EQ(failure_text(OrderedJson::parse(R"({
    "sequence": 1, "requestId": "0f1e", "time": "t", "request": "POST /",
    "error": "ExpiredTokenException", "message": "m", "accessKeyId": "ASIA1", "why": "It is over."})")),
            R"(✗ POST /: the caller is not known (ExpiredTokenException)
├─ why: It is over.
├─ message: m
├─ access key: ASIA1
└─ request: 0f1e at t
)");
  EXPECT_NE(failure_text(OrderedJson::parse("{}")), "");
}

TEST(ExplainText, SurvivesWhatItDoesNotKnow) {
  for (const char* text : {"{}", R"({"trace": 1, "context": [], "suggestion": {}, "statement": 2})",
                           R"({"trace": [{}], "decision": "Denied", "action": 7})",
                           R"({"trace": [{"policyType": "identity", "condition": 1}]})",
                           R"({"hints": [1], "work": 2, "suggestion": [3], "enforced": 4})",
                           R"({"documents": [1], "since": 2, "age": 3, "suggestion": [{}]})",
                           R"({"work": {"missing": [1], "suggestion": 2}, "suggestion": [{}]})"}) {
    EXPECT_NE(explain_text(OrderedJson::parse(text)), "") << text;
  }
}

TEST(TextTree, TerminalsAreGivenNoCommands) {
  EXPECT_EQ(render({"a\x1b[2Jb\n", {}}), "a?[2Jb?\n");
  EXPECT_EQ(render({"é ✓", {}}), "é ✓\n");
}

TEST(HttpGet, NobodyThereIsNoAnswerAndABadUrlIsRefused) {
  for (const char* nobody : {"http://127.0.0.1:1", "https://127.0.0.1:1", "127.0.0.1:1"}) {
    EXPECT_FALSE(http_get(nobody, "/").has_value()) << nobody;
  }
  for (const char* bad : {"", "ftp://127.0.0.1:1", "http://u@h:1"}) {
    EXPECT_THROW(http_get(bad, "/"), std::runtime_error) << bad;
  }
}

TEST(Config, ExplainSelectsDenials) {
  int exit_code = -1;
  const char* const full[] = {"ecr-local", "explain", "--principal", "jane",
                              "--last",    "3",       "--follow",    "--json"};
  const auto line = parse_command_line(8, full, exit_code);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->explain_request.principal, "jane");
  EXPECT_EQ(line->explain_request.last, 3);
  EXPECT_TRUE(line->explain_request.follow);
  EXPECT_TRUE(line->explain_request.json);
  const char* const none[] = {"ecr-local", "explain", "--last", "0"};
  EXPECT_FALSE(parse_command_line(4, none, exit_code).has_value());
  EXPECT_NE(exit_code, 0);
}

TEST(Config, ExplainHasARequestAndAServer) {
  int exit_code = -1;
  const char* const full[] = {"ecr-local",  "explain",       "0f1e", "--url",
                              "http://h:1", "--admin-token", "t"};
  auto line = parse_command_line(7, full, exit_code);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->command, CommandLine::Command::kExplain);
  EXPECT_EQ(line->explain_request.request_id, "0f1e");
  EXPECT_EQ(line->explain_request.url, "http://h:1");
  EXPECT_EQ(line->explain_request.admin_token, "t");
  const char* const bare[] = {"ecr-local", "explain"};
  line = parse_command_line(2, bare, exit_code);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->explain_request.request_id, "");
  EXPECT_EQ(line->explain_request.url, "http://127.0.0.1:4599");
}

}  // namespace
}  // namespace ecr::server
