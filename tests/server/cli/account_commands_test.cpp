// import-account, can, who-can, service-pull: their words and flags, and answers as text.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/cli/account/question_text.h"
#include "server/cli/command_line.h"

namespace ecr::server {
namespace {

using base::OrderedJson;

std::optional<CommandLine> read_words(std::vector<const char*> words, int& status) {
  words.insert(words.begin(), "ecr-local");
  status = 0;
  return parse_command_line(static_cast<int>(words.size()), words.data(), status);
}

TEST(AccountCommands, TakeTheirWords) {
  int status = 0;
  const auto import = read_words({"import-account", "a", "b", "--output", "seed.json"}, status);
  ASSERT_TRUE(import.has_value());
  EXPECT_EQ(import->import_account.sources, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(import->import_account.output, "seed.json");
  const auto can = read_words({"can", "who", "ecr:X", "*", "--context", "a=b", "--context", "c=d=e",
                               "--seed", "s", "--via-roles"},
                              status);
  ASSERT_TRUE(can.has_value());
  EXPECT_EQ(can->question.context, (std::vector<std::string>{"a=b", "c=d=e"}));
  EXPECT_EQ(can->question.seeds, std::vector<std::string>{"s"});
  EXPECT_TRUE(can->question.via_roles);
  EXPECT_TRUE(read_words({"can", "--questions", "-"}, status).has_value());
  EXPECT_TRUE(read_words({"who-can", "ecr:X", "*"}, status).has_value());
  const auto pull = read_words({"service-pull", "lambda", "app", "--source-account", "111122223333",
                                "--role", "r", "--json"},
                               status);
  ASSERT_TRUE(pull.has_value());
  EXPECT_EQ(pull->service_pull.service, "lambda");
  EXPECT_EQ(pull->service_pull.source_account, "111122223333");
  EXPECT_EQ(pull->service_pull.role, "r");
  EXPECT_TRUE(pull->service_pull.json);
}

TEST(AccountCommands, RefuseWhatIsNotAQuestion) {
  const std::vector<std::vector<const char*>> kWrong = {
      {"import-account"},
      {"can"},
      {"can", "who", "ecr:X"},
      {"can", "who", "ecr:X", "*", "--questions", "-"},
      {"can", "who", "--questions", "-"},
      {"can", "who", "ecr:X", "*", "--context", "a"},
      {"can", "who", "ecr:X", "*", "--context", "=a"},
      {"who-can", "ecr:X"},
      {"who-can", "ecr:X", "*", "--account", "1"},
      {"service-pull", "lambda"},
      {"service-pull", "fargate", "app"},
      {"service-pull", "lambda", "app", "--source-account", "1"}};
  for (const auto& words : kWrong) {
    int status = 0;
    EXPECT_FALSE(read_words(words, status).has_value()) << words[0];
    EXPECT_EQ(status, kExitUsage) << words[0];
  }
}

TEST(QuestionText, SaysTheVerdictAndWhatItDependsOn) {
  const auto answer = OrderedJson::parse(R"({"principal": "P", "action": "ecr:X", "resource": "R",
    "verdict": "conditional", "steps": 1,
    "statements": [{"policyType": "scp", "policy": "p-FullAWSAccess FullAWSAccess at r-root", "index": 0, "effect": "Allow"},
                   {"policyType": "identity", "policy": "inline policy p of role r", "index": 1,
                    "effect": "Allow", "sid": "Own"}],
    "needs": [{"effect": "Deny", "key": "aws:SourceIp", "test": "NotIpAddress", "values": ["10.0.0.0/8"]},
              {"effect": "Allow", "key": "aws:userid"}],
    "via": [{"role": "r", "action": "sts:AssumeRole", "verdict": "allowed",
             "statements": [{"policyType": "resource", "policy": "trust policy of role r", "index": 0,
                             "effect": "Allow"}]}]})");
  EXPECT_EQ(can_text(answer, Paint(false)), R"(? conditional: ecr:X on R by 1 role
  P
  1. sts:AssumeRole of r
     by resource: trust policy of role r, statement 0
  by identity: inline policy p of role r, statement 1 (Own)
  unless aws:SourceIp NotIpAddress ["10.0.0.0/8"]
  if by the value of aws:userid
)");
}

TEST(QuestionText, SaysWhatAServiceLacks) {
  const auto answer = OrderedJson::parse(R"({"service": "lambda", "repository": "R",
    "sourceArn": "F", "allowed": false,
    "checks": [{"title": "T", "principal": "P", "requests": [
      {"action": "ecr:A", "decision": "Allowed", "statement": {"source": "S", "sid": "Own"}},
      {"action": "ecr:B", "decision": "ImplicitlyDenied", "message": "M"}]}],
    "suggestion": [{"change": "add"},
                   {"change": "removeOrNarrow", "where": "W", "statement": {"Effect": "Deny"}}],
    "documents": [{"how": "make this W", "document": {"Statement": []}}], "notes": ["N"]})");
  EXPECT_EQ(service_pull_text(answer, Paint(false)), R"(✗ lambda cannot pull from R
  for F
  T (P)
    ✓ ecr:A: S (Own)
    ✗ ecr:B: M
remove or narrow, in W:
  {"Effect":"Deny"}
make this W:
  {"Statement":[]}
note: N
)");
}

// The answer comes from a server, which may be any program.
TEST(QuestionText, TakesAnyAnswer) {
  for (const char* text :
       {"{}", R"({"principals": 3, "via": {}})", R"({"principals": [1, {}]})",
        R"({"checks": [1, {"requests": [2]}], "suggestion": [3], "documents": [4]})"}) {
    EXPECT_FALSE(can_text(OrderedJson::parse(text), Paint(false)).empty());
    EXPECT_FALSE(who_can_text(OrderedJson::parse(text), Paint(false)).empty());
    EXPECT_FALSE(service_pull_text(OrderedJson::parse(text), Paint(false)).empty());
  }
  EXPECT_EQ(can_text(OrderedJson::parse(R"({"error": "no"})"), Paint(false)), "error: no\n");
}

}  // namespace
}  // namespace ecr::server
