#include "api/images/lifecycle/policy.h"

#include <string>

#include <gtest/gtest.h>

namespace ecr::api::lifecycle {
namespace {

std::string error_of(const std::string& text) {
  const auto policy = parse_policy(text);
  return policy ? std::string("accepted") : policy.error();
}

std::string rules(const std::string& list) { return R"({"rules":[)" + list + "]}"; }

// A rule of priority 1 with this selection and action.
std::string one(const std::string& selection, const std::string& action = R"({"type":"expire"})",
                int priority = 1) {
  return R"({"rulePriority":)" + std::to_string(priority) + R"(,"selection":)" + selection +
         R"(,"action":)" + action + "}";
}

constexpr const char* kUntagged =
    R"({"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":1})";
constexpr const char* kAny =
    R"({"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1})";
constexpr const char* kArchived =
    R"({"tagStatus":"any","storageClass":"archive","countType":"sinceImageTransitioned",
        "countUnit":"days","countNumber":90})";
constexpr const char* kTransition = R"({"type":"transition","targetStorageClass":"archive"})";

std::string tagged(const std::string& list, const std::string& more = "") {
  return R"({"tagStatus":"tagged",)" + list +
         R"(,"countType":"imageCountMoreThan","countNumber":1)" + more + "}";
}

TEST(LifecyclePolicy, KeepsItsTextCompactedWithItsKeysInOrder) {
  const auto policy = parse_policy(R"( {
    "rules" : [ { "selection" : {"countNumber": 3, "countType":"imageCountMoreThan",
      "tagStatus":"any"}, "rulePriority": 2, "description": "b\u00e9 \"q\"",
      "action": {"type": "expire"} } ] } )");
  ASSERT_TRUE(policy.has_value()) << policy.error();
  EXPECT_EQ(policy->text,
            R"({"rules":[{"selection":{"countNumber":3,"countType":"imageCountMoreThan",)"
            R"("tagStatus":"any"},"rulePriority":2,"description":"bé \"q\"",)"
            R"("action":{"type":"expire"}}]})");
  ASSERT_EQ(policy->rules.size(), 1u);
  EXPECT_EQ(policy->rules[0].priority, 2);
  EXPECT_EQ(policy->rules[0].count, 3);
  EXPECT_EQ(policy->rules[0].description, "bé \"q\"");
}

TEST(LifecyclePolicy, AcceptedPolicies) {
  const std::string kGood[] = {
      one(kUntagged),
      one(kAny, kTransition),
      one(kArchived),
      one(kUntagged) + "," + one(kAny, R"({"type":"expire"})", 2),
      one(kAny, kTransition) + "," + one(kArchived, R"({"type":"expire"})", 2),
      one(kArchived) + "," + one(kAny, kTransition, 2),  // lowest within its storage class
      one(tagged(R"("tagPrefixList":["a","b"])")) + "," +
          one(tagged(R"("tagPrefixList":["a"])"), R"({"type":"expire"})", 2),
      one(tagged(R"("tagPrefixList":["a"])")) + "," +
          one(tagged(R"("tagPatternList":["a"])"), R"({"type":"expire"})", 2),
      one(tagged(R"("tagPatternList":["*a*b*c*"])")),
      one(tagged(R"("tagPatternList":["*"],"storageClass":"standard")")),
      one(R"({"tagStatus":"any","countType":"sinceImagePulled","countUnit":"days","countNumber":1})",
          kTransition),
      one(R"({"tagStatus":"any","countType":"sinceImagePushed","countUnit":"days",
              "countNumber":2147483647})"),
  };
  for (const std::string& list : kGood) EXPECT_EQ(error_of(rules(list)), "accepted") << list;
}

TEST(LifecyclePolicy, RulesAreAppliedByPriorityWhateverTheirOrder) {
  const auto policy = parse_policy(
      rules(one(kAny, R"({"type":"expire"})", 9) + "," + one(kUntagged, kTransition, 4)));
  ASSERT_TRUE(policy.has_value()) << policy.error();
  EXPECT_EQ(policy->rules[0].priority, 4);
  EXPECT_EQ(policy->rules[0].action, ActionType::kTransition);
  EXPECT_EQ(policy->rules[1].priority, 9);
}

// Sentences that were seen from ECR.
TEST(LifecyclePolicy, RefusalsInEcrsOwnWords) {
  const std::pair<std::string, const char*> kBad[] = {
      {rules(one(kUntagged) + "," + one(kUntagged, R"({"type":"expire"})", 2)),
       "Only one rule can select Untagged images per storage class."},
      {rules(one(kAny) + "," + one(kUntagged, R"({"type":"expire"})", 2)),
       "Rule for tagStatus=ANY must have the lowest priority per storage class"},
      {rules(one(kAny) + "," + one(kAny, R"({"type":"expire"})", 2)),
       "Rule for tagStatus=ANY must have the lowest priority per storage class"},
      {rules(one(R"({"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":1})")),
       "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."},
  };
  for (const auto& [text, error] : kBad) EXPECT_EQ(error_of(text), error) << text;
}

TEST(LifecyclePolicy, RefusalsByTheSchema) {
  const std::pair<std::string, const char*> kBad[] = {
      {"", "Could not map policyString into LifecyclePolicy."},
      {"some invalid input", "Could not map policyString into LifecyclePolicy."},
      {"[]", R"(object has missing required properties (["rules"]))"},
      {R"({"rules":[],"rules":[]})", "Could not map policyString into LifecyclePolicy."},
      {R"({"no_rules":1})", R"(object has missing required properties (["rules"]))"},
      {R"({"rules":[],"x":1,"a":2})",
       R"(object instance has properties which are not allowed by the schema: (["a","x"]))"},
      {R"({"rules":{}})",
       R"(instance type (object) does not match any allowed primitive type (allowed: ["array"]))"},
      {rules(R"("text")"),
       R"(instance type (string) does not match any allowed primitive type (allowed: ["object"]))"},
      {rules("{}"),
       R"(object has missing required properties (["action","rulePriority","selection"]))"},
      {rules(one(kAny, "{}")), R"(object has missing required properties (["type"]))"},
      {rules(one(kAny, R"({"type":"keep"})")),
       R"(instance value (keep) not found in enum (possible values: ["expire","transition"]))"},
      {rules(one(kAny, R"({"type":"transition"})")),
       R"(object has missing required properties (["targetStorageClass"]))"},
      {rules(one(kAny, R"({"type":"expire","targetStorageClass":"archive"})")),
       R"(object instance has properties which are not allowed by the schema: )"
       R"((["targetStorageClass"]))"},
      {rules(one(kAny, R"({"type":"transition","targetStorageClass":"standard"})")),
       R"(instance value (standard) not found in enum (possible values: ["archive"]))"},
      {rules(one(R"({"tagStatus":"unknown","countType":"imageCountMoreThan","countNumber":1})")),
       R"(instance value (unknown) not found in enum (possible values: ["any","tagged","untagged"]))"},
      {rules(one(R"({"tagStatus":"any","countType":"unknown","countNumber":1})")),
       "instance failed to match exactly one schema (matched 0 out of 4)"},
      {rules(one(R"({"tagStatus":"any","countType":"imageCountMoreThan","countNumber":0})")),
       "numeric instance is lower than the required minimum (minimum: 1, found: 0)"},
      {rules(one(R"({"tagStatus":"any","countType":"imageCountMoreThan","countNumber":-1})")),
       "numeric instance is lower than the required minimum (minimum: 1, found: -1)"},
      {rules(one(R"({"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1.5})")),
       R"(instance type (number) does not match any allowed primitive type (allowed: ["integer"]))"},
      {rules(one(R"({"tagStatus":"any","countType":"imageCountMoreThan","countNumber":"1"})")),
       R"(instance type (string) does not match any allowed primitive type (allowed: ["integer"]))"},
      {rules(one(R"({"tagStatus":"any","countType":"sinceImagePushed","countUnit":"weeks",
                     "countNumber":1})")),
       R"(instance value (weeks) not found in enum (possible values: ["days"]))"},
      {rules(one(R"({"tagStatus":"any","countType":"sinceImagePushed","countNumber":1})")),
       "instance failed to match exactly one schema (matched 0 out of 4)"},
      {rules(one(R"({"tagStatus":"any","countType":"imageCountMoreThan","countUnit":"days",
                     "countNumber":1})")),
       "instance failed to match exactly one schema (matched 0 out of 4)"},
      {rules(one(kAny, R"({"type":"expire"})", 0)),
       "numeric instance is lower than the required minimum (minimum: 1, found: 0)"},
      {rules(one(tagged(R"("tagPrefixList":[])"))),
       "array is too short: must have at least 1 elements but instance has 0 elements"},
      {rules(one(tagged(R"("tagPrefixList":[1])"))),
       R"(instance type (integer) does not match any allowed primitive type (allowed: ["string"]))"},
      {R"({"rules":[]})",
       "array is too short: must have at least 1 elements but instance has 0 elements"},
  };
  for (const auto& [text, error] : kBad) EXPECT_EQ(error_of(text), error) << text;
}

// ECR's words for these are not known; that they are refused is.
TEST(LifecyclePolicy, OtherRefusals) {
  std::string fifty_one = one(kAny, R"({"type":"expire"})", 51);
  for (int i = 1; i <= 50; ++i) {
    fifty_one += "," + one(tagged(R"("tagPrefixList":["p)" + std::to_string(i) + R"("])"),
                           R"({"type":"expire"})", i);
  }
  const std::string kBad[] = {
      one(kUntagged) + "," + one(kAny),  // the same priority
      one(tagged(R"("tagPrefixList":["a"],"tagPatternList":["a"])")),
      one(R"({"tagStatus":"any","tagPrefixList":["a"],"countType":"imageCountMoreThan",
              "countNumber":1})"),
      one(R"({"tagStatus":"untagged","tagPatternList":["a"],"countType":"imageCountMoreThan",
              "countNumber":1})"),
      one(tagged(R"("tagPatternList":["*a*b*c*d*"])")),
      one(tagged(R"("tagPrefixList":[""])")),
      one(tagged(R"("tagPrefixList":["a","b"])")) + "," +
          one(tagged(R"("tagPrefixList":["b","a"])"), R"({"type":"expire"})", 2),
      one(R"({"tagStatus":"any","countType":"sinceImagePulled","countUnit":"days","countNumber":1})"),
      one(kArchived, kTransition),
      one(R"({"tagStatus":"any","countType":"sinceImageTransitioned","countUnit":"days",
              "countNumber":90})"),
      one(R"({"tagStatus":"any","storageClass":"archive","countType":"sinceImageTransitioned",
              "countUnit":"days","countNumber":89})"),
      one(R"({"tagStatus":"any","storageClass":"archive","countType":"sinceImagePushed",
              "countUnit":"days","countNumber":90})"),
      one(R"({"tagStatus":"any","storageClass":"cold","countType":"imageCountMoreThan",
              "countNumber":90})"),
      one(kAny, R"({"type":"expire"})", 2147483647) + "1",
      fifty_one,
  };
  for (const std::string& list : kBad) EXPECT_NE(error_of(rules(list)), "accepted") << list;
}

TEST(LifecyclePolicy, SelectionByTags) {
  const struct {
    TagStatus status;
    std::vector<std::string> prefixes;
    std::vector<std::string> patterns;
    std::vector<std::string> tags;
    bool selected;
  } kCases[] = {
      {TagStatus::kAny, {}, {}, {}, true},
      {TagStatus::kAny, {}, {}, {"a"}, true},
      {TagStatus::kUntagged, {}, {}, {}, true},
      {TagStatus::kUntagged, {}, {}, {"a"}, false},
      {TagStatus::kTagged, {"prod"}, {}, {"prod"}, true},
      {TagStatus::kTagged, {"prod"}, {}, {"pro"}, false},
      {TagStatus::kTagged, {"prod"}, {}, {"aprod"}, false},
      {TagStatus::kTagged, {"a", "b"}, {}, {"a1"}, false},
      {TagStatus::kTagged, {"a", "b"}, {}, {"b1", "a1"}, true},
      {TagStatus::kTagged, {"a", "ab"}, {}, {"abc"}, true},  // one tag may match both
      {TagStatus::kTagged, {}, {"prod"}, {"prod1"}, false},
      {TagStatus::kTagged, {}, {"prod*"}, {"prod1"}, true},
      {TagStatus::kTagged, {}, {"*-rc*"}, {"1.2-rc3"}, true},
      {TagStatus::kTagged, {}, {"*-rc*"}, {"1.2-r"}, false},
      {TagStatus::kTagged, {}, {"*"}, {}, false},
      {TagStatus::kTagged, {}, {"a.c"}, {"abc"}, false},
  };
  for (const auto& [status, prefixes, patterns, tags, selected] : kCases) {
    Rule rule;
    rule.tag_status = status;
    rule.prefixes = prefixes;
    rule.patterns = patterns;
    EXPECT_EQ(selects_tags(rule, tags), selected)
        << (prefixes.empty() ? "" : prefixes[0]) << (patterns.empty() ? "" : patterns[0]);
  }
}

}  // namespace
}  // namespace ecr::api::lifecycle
