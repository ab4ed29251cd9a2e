// Every expression of the linked models, against a table of texts that it accepts and refuses.
//
// data/patterns.jsonl has one expression a line. It was written by the program's earlier matcher,
// which a second one, written after the definition, had confirmed; a change of the engine must not
// change a line. An expression that a newer model brings needs a line of its own, written by hand.
#include <fstream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/model/embedded.h"
#include "schemas/model/model.h"
#include "schemas/model/pattern.h"

namespace ecr::model {
namespace {

// Pattern text to the shape that has it.
std::map<std::string, std::string> model_patterns() {
  std::map<std::string, std::string> patterns;
  for (const auto model : {embedded::ecr_model(), embedded::iam_model(), embedded::sts_model(),
                           embedded::organizations_model()}) {
    const base::Json document = *base::parse_json(model);
    for (const auto& [name, shape] : document["shapes"].items()) {
      if (shape.contains("pattern")) patterns[shape["pattern"].get<std::string>()] = name;
    }
  }
  return patterns;
}

TEST(ModelPatterns, AllCompile) {
  EXPECT_GT(model_patterns().size(), 50u);
  for (const auto& [expression, shape] : model_patterns()) {
    const auto pattern = Pattern::compile(expression);
    EXPECT_TRUE(pattern) << shape << ' ' << expression << ": " << pattern.error();
  }
}

TEST(ModelPatterns, AcceptAndRefuseWhatTheTableSays) {
  std::set<std::string> tested;
  std::ifstream table(ECR_PATTERN_TABLE);
  for (std::string line; std::getline(table, line);) {
    const base::Json row = *base::parse_json(line);
    const auto expression = row["pattern"].get<std::string>();
    tested.insert(expression);
    for (const auto& pattern :
         {Pattern::compile(expression), Pattern::compile_at_first_match(expression)}) {
      ASSERT_TRUE(pattern) << expression << ": " << pattern.error();
      for (const auto& text : row["accepted"]) {
        EXPECT_TRUE(pattern->matches(text.get<std::string>())) << expression << ' ' << text;
      }
      for (const auto& text : row["refused"]) {
        EXPECT_FALSE(pattern->matches(text.get<std::string>())) << expression << ' ' << text;
      }
    }
    EXPECT_GE(row["accepted"].size(), 2u) << expression;
    if (expression != "[\\s\\S]*") {
      EXPECT_GE(row["refused"].size(), 2u) << expression;
    }
  }
  for (const auto& [expression, shape] : model_patterns()) {
    EXPECT_TRUE(tested.contains(expression)) << "no line for " << shape << ' ' << expression;
  }
}

TEST(ModelPatterns, AcceptAndRefuseWhatTheirAuthorsMeant) {
  struct Case {
    const char* shape;
    const char* text;
    bool matches;
  };
  std::map<std::string, std::string> by_shape;
  for (const auto& [expression, shape] : model_patterns()) by_shape[shape] = expression;
  for (const auto& [shape, text, matches] :
       {Case{"CredentialArn",
             "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub", true},
        Case{"CredentialArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:other/hub",
             false},
        Case{"KmsKeyForRepositoryCreationTemplate", "", true},
        Case{"KmsKeyForRepositoryCreationTemplate", "arn:aws:kms:us-east-1:123456789012:key/0f-1",
             true},
        Case{"KmsKeyForRepositoryCreationTemplate", "key", false},
        Case{"LayerDigest", "sha256:00ff", true}, Case{"LayerDigest", "sha256:", false},
        Case{"accountAliasType", "my-alias", true}, Case{"accountAliasType", "my--alias", false},
        Case{"pathType", "/", true}, Case{"pathType", "/a/b/", true}, Case{"pathType", "/a", false},
        Case{"policyVersionIdType", "v12.x", true}, Case{"policyVersionIdType", "v0", false}}) {
    ASSERT_TRUE(by_shape.contains(shape)) << shape;
    EXPECT_EQ(Pattern::compile(by_shape[shape])->matches(text), matches) << shape << ' ' << text;
  }
}

}  // namespace
}  // namespace ecr::model
