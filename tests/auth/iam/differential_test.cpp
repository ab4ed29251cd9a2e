// The evaluator against the naive one. ECR_DIFFERENTIAL_CASES raises the number of random cases.
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/iam/evaluate_json.h"
#include "tests/auth/iam/naive_evaluator.h"
#include "tests/auth/iam/random_case.h"

namespace ecr::auth::iam::test {
namespace {

NaiveResult real_evaluate(const std::string& line) {
  bool ok = false;
  const std::string out = evaluate_line(line, false, ok);
  EXPECT_TRUE(ok) << out;
  const auto json = nlohmann::json::parse(out);
  if (!ok) return {};
  return {json["decision"].get<std::string>(), json["decided_by"].get<std::string>()};
}

// False: they disagree.
bool agree(const nlohmann::json& line) {
  const std::string text = line.dump();
  const NaiveResult real = real_evaluate(text);
  const NaiveResult naive = naive_evaluate(line);
  EXPECT_EQ(real.decision + " by " + real.decided_by, naive.decision + " by " + naive.decided_by)
      << text;
  return real == naive;
}

TEST(IamDifferential, RandomCasesAgreeWithTheNaiveEvaluator) {
  const char* wanted = std::getenv("ECR_DIFFERENTIAL_CASES");
  const std::uint64_t cases = wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
  std::uint64_t disagreements = 0;
  for (std::uint64_t i = 0; i < cases && disagreements < 5; ++i) {
    if (!agree(random_case(i))) ++disagreements;
  }
  EXPECT_EQ(disagreements, 0u);
}

// Cases that the two evaluators once disagreed on, or that are easy to get wrong.
TEST(IamDifferential, CorpusAgreesWithTheNaiveEvaluator) {
  std::ifstream corpus(ECR_TEST_DATA "/iam/data/corpus.jsonl");
  ASSERT_TRUE(corpus);
  std::string line;
  std::size_t count = 0;
  while (std::getline(corpus, line)) {
    EXPECT_TRUE(agree(nlohmann::json::parse(line)));
    ++count;
  }
  EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace ecr::auth::iam::test
