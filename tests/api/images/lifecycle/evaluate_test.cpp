#include "api/images/lifecycle/evaluate.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/images/lifecycle/naive_evaluator.h"

namespace ecr::api::lifecycle {
namespace {

using base::TimePoint;
using std::chrono::days;
using std::chrono::hours;

constexpr TimePoint kNow = std::chrono::sys_days(std::chrono::year{2026} / 1 / 1);

// An image named "A", "B", ...; older ones first where the ages are equal.
Image image(const std::string& name, std::vector<std::string> tags, std::chrono::hours age) {
  Image result;
  result.digest = name;
  result.tags = std::move(tags);
  result.pushed_at = kNow - age;
  return result;
}

Rule rule(std::int64_t priority, TagStatus status, std::vector<std::string> prefixes,
          CountType type, std::int64_t count) {
  Rule result;
  result.priority = priority;
  result.tag_status = status;
  result.prefixes = std::move(prefixes);
  result.count_type = type;
  result.count = count;
  return result;
}

Rule more_than(std::int64_t priority, TagStatus status, std::vector<std::string> prefixes,
               std::int64_t count) {
  return rule(priority, status, std::move(prefixes), CountType::kImageCountMoreThan, count);
}

Rule since_pushed(std::int64_t priority, TagStatus status, std::vector<std::string> prefixes,
                  std::int64_t count) {
  return rule(priority, status, std::move(prefixes), CountType::kSinceImagePushed, count);
}

// Names of the images with that outcome, in the order given.
std::string with_outcome(const std::vector<Image>& images, const Evaluation& evaluation,
                         Outcome outcome) {
  std::string names;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (evaluation.images[i].outcome == outcome) names += images[i].digest;
  }
  return names;
}

std::string expired(const std::vector<Rule>& rules, const std::vector<Image>& images) {
  return with_outcome(images, evaluate({rules, ""}, images, kNow), Outcome::kExpired);
}

// ECR User Guide, "Examples of lifecycle policies in Amazon ECR", by their headings.
TEST(LifecycleUserGuide, FilteringOnImageAge) {
  auto prod = since_pushed(1, TagStatus::kTagged, {}, 14);
  prod.patterns = {"prod*"};
  EXPECT_EQ(expired({prod}, {image("A", {"prod-1"}, days(15)), image("B", {"prod"}, days(14)),
                             image("C", {"test"}, days(99)), image("D", {}, days(99))}),
            "A");
}

TEST(LifecycleUserGuide, FilteringOnImageCount) {
  EXPECT_EQ(expired({more_than(1, TagStatus::kUntagged, {}, 1)},
                    {image("A", {}, days(3)), image("B", {}, days(2)), image("C", {}, days(1)),
                     image("D", {"keep"}, days(9))}),
            "AB");
}

TEST(LifecycleUserGuide, FilteringOnMultipleRules) {
  const std::vector<Image> images = {image("A", {"beta-1", "prod-1"}, days(10)),
                                     image("B", {"beta-2", "prod-2"}, days(9)),
                                     image("C", {"beta-3"}, days(8))};
  // Example A: B is out of reach of rule 2, because rule 1 keeps it.
  EXPECT_EQ(expired({more_than(1, TagStatus::kTagged, {"prod"}, 1),
                     more_than(2, TagStatus::kTagged, {"beta"}, 1)},
                    images),
            "A");
  // Example B: the same with the priorities exchanged.
  EXPECT_EQ(expired({more_than(1, TagStatus::kTagged, {"beta"}, 1),
                     more_than(2, TagStatus::kTagged, {"prod"}, 1)},
                    images),
            "AB");
}

TEST(LifecycleUserGuide, FilteringOnMultipleTagsInASingleRule) {
  // Example A: an image must match all prefixes.
  EXPECT_EQ(expired({since_pushed(1, TagStatus::kTagged, {"alpha", "beta"}, 5)},
                    {image("A", {"alpha-1"}, days(12)), image("B", {"beta-1"}, days(11)),
                     image("C", {"alpha-2", "beta-2"}, days(10)), image("D", {"alpha-3"}, days(4)),
                     image("E", {"beta-3"}, days(3)), image("F", {"alpha-4", "beta-4"}, days(2))}),
            "C");
  // Example B: further tags do not matter.
  EXPECT_EQ(expired({more_than(1, TagStatus::kTagged, {"alpha", "beta"}, 1)},
                    {image("A", {"alpha-1", "beta-1", "gamma-1"}, days(10)),
                     image("B", {"alpha-2", "beta-2"}, days(9)),
                     image("C", {"alpha-3", "beta-3", "gamma-2"}, days(8))}),
            "AB");
}

TEST(LifecycleUserGuide, FilteringOnAllImages) {
  // Example A: all but the newest.
  EXPECT_EQ(expired({more_than(1, TagStatus::kAny, {}, 1)},
                    {image("A", {"alpha-1"}, days(4)), image("B", {"beta-1"}, days(3)),
                     image("C", {}, days(2)), image("D", {"alpha-2"}, days(1))}),
            "ABC");
  // Example B: all kinds of rules; E is the newest of all and not older than a day.
  EXPECT_EQ(
      expired({more_than(1, TagStatus::kTagged, {"alpha"}, 1),
               since_pushed(2, TagStatus::kUntagged, {}, 1), more_than(3, TagStatus::kAny, {}, 1)},
              {image("A", {"alpha-1", "beta-1"}, days(4)), image("B", {}, days(3)),
               image("C", {"alpha-2"}, days(2)), image("D", {"git hash"}, hours(24)),
               image("E", {}, hours(23))}),
      "ABD");
}

TEST(Lifecycle, EachRuleReportsItsFindings) {
  const std::vector<Image> images = {image("A", {"prod", "beta"}, days(10)),
                                     image("B", {"beta"}, days(2)), image("C", {}, days(1))};
  const auto evaluation = evaluate({{more_than(5, TagStatus::kTagged, {"prod"}, 1),
                                     since_pushed(7, TagStatus::kTagged, {"beta"}, 1)},
                                    ""},
                                   images, kNow);
  ASSERT_EQ(evaluation.rules.size(), 2u);
  const auto found = [&](std::size_t rule_index) {
    std::string text;
    for (const auto& selected : evaluation.rules[rule_index].selected) {
      text += images[selected.image].digest + std::to_string(static_cast<int>(selected.finding));
    }
    return text;
  };
  EXPECT_EQ(evaluation.rules[0].priority, 5);
  EXPECT_EQ(found(0), "A0");    // within the count
  EXPECT_EQ(found(1), "B3A2");  // youngest first: marked, out of reach
  EXPECT_EQ(evaluation.images[0].outcome, Outcome::kKept);
  EXPECT_EQ(evaluation.images[0].rule_priority, 5);
  EXPECT_EQ(evaluation.images[1].outcome, Outcome::kExpired);
  EXPECT_EQ(evaluation.images[1].rule_priority, 7);
  EXPECT_EQ(evaluation.images[2].outcome, Outcome::kNotSelected);
  EXPECT_FALSE(evaluation.images[2].rule_priority.has_value());
}

TEST(Lifecycle, AnImageIsOldOnceItIsOlderThanTheDays) {
  const auto rules = std::vector<Rule>{since_pushed(1, TagStatus::kAny, {}, 90)};
  EXPECT_EQ(expired(rules, {image("A", {}, hours(90 * 24))}), "");
  Image older = image("A", {}, hours(90 * 24));
  older.pushed_at -= std::chrono::milliseconds(1);
  EXPECT_EQ(expired(rules, {older}), "A");
}

TEST(Lifecycle, ARestoredImageCountsFromItsRestoration) {
  Image restored = image("A", {}, days(100));
  restored.last_activated_at = kNow - days(5);
  Image pulled_before = image("B", {}, days(100));
  pulled_before.last_activated_at = kNow - days(5);
  pulled_before.last_pulled_at = kNow - days(50);
  Image pulled_since = image("C", {}, days(100));
  pulled_since.last_activated_at = kNow - days(50);
  pulled_since.last_pulled_at = kNow - days(20);
  const std::vector<Image> images = {restored, pulled_before, pulled_since,
                                     image("D", {}, days(100))};
  EXPECT_EQ(expired({since_pushed(1, TagStatus::kAny, {}, 10)}, images), "CD");
  auto pulled = rule(1, TagStatus::kAny, {}, CountType::kSinceImagePulled, 10);
  pulled.action = ActionType::kTransition;
  EXPECT_EQ(with_outcome(images, evaluate({{pulled}, ""}, images, kNow), Outcome::kArchived), "CD");
}

TEST(Lifecycle, AnArchivedImageExpiresByTheTimeItWasArchived) {
  Image old = image("A", {}, days(500));
  old.storage_class = StorageClass::kArchive;
  old.last_archived_at = kNow - days(91);
  Image young = old;
  young.digest = "B";
  young.last_archived_at = kNow - days(90);
  auto archived = rule(1, TagStatus::kAny, {}, CountType::kSinceImageTransitioned, 90);
  archived.storage_class = StorageClass::kArchive;
  EXPECT_EQ(expired({archived}, {old, young, image("C", {}, days(500))}), "A");
  EXPECT_EQ(expired({since_pushed(1, TagStatus::kAny, {}, 1)}, {old, image("C", {}, days(500))}),
            "C");
}

TEST(Lifecycle, AnIndexThatStaysHoldsItsChildren) {
  Image index = image("I", {"v1"}, days(50));
  Image child = image("A", {}, days(50));
  child.parents = {"I"};
  Image grandchild = image("B", {}, days(50));
  grandchild.parents = {"A"};
  const std::vector<Image> images = {index, child, grandchild, image("C", {}, days(50))};
  const auto held = evaluate({{since_pushed(1, TagStatus::kUntagged, {}, 10)}, ""}, images, kNow);
  EXPECT_EQ(with_outcome(images, held, Outcome::kExpired), "C");
  EXPECT_EQ(with_outcome(images, held, Outcome::kReferenced), "AB");
  EXPECT_EQ(expired({since_pushed(1, TagStatus::kAny, {}, 10)}, images), "IABC");
}

TEST(Lifecycle, ReferrersFollowTheirSubject) {
  Image signature = image("S", {"sig"}, days(1));
  signature.subject = "A";
  Image of_signature = image("T", {"sig2"}, days(1));
  of_signature.subject = "S";
  Image of_nothing = image("U", {"sig3"}, days(1));
  of_nothing.subject = "gone long ago";
  const std::vector<Image> images = {image("A", {}, days(50)), signature, of_signature, of_nothing};
  const auto evaluation =
      evaluate({{since_pushed(3, TagStatus::kUntagged, {}, 10)}, ""}, images, kNow);
  EXPECT_EQ(with_outcome(images, evaluation, Outcome::kExpired), "AST");
  EXPECT_FALSE(evaluation.images[0].follows_subject);
  EXPECT_TRUE(evaluation.images[1].follows_subject);
  EXPECT_EQ(evaluation.images[2].rule_priority, 3);
}

// Random policies over random repositories.
class Cases {
 public:
  explicit Cases(std::uint64_t seed) : engine_(seed) {}

  std::vector<Image> images() {
    std::vector<Image> images(pick(13));
    for (std::size_t i = 0; i < images.size(); ++i) {
      Image& one = images[i];
      one.digest = "sha256:" + std::to_string(pick(1000) * 100 + i);
      for (auto n = pick(4); n > 0; --n) one.tags.push_back(tag());
      one.pushed_at = time();
      if (pick(3) == 0) one.last_pulled_at = time();
      if (pick(4) == 0) one.last_activated_at = time();
      if (pick(4) == 0) one.storage_class = StorageClass::kArchive;
      if (pick(3) == 0) one.last_archived_at = time();
      // An index is younger in the list than what it names, as hashes have it; so is a referrer.
      if (i > 0 && pick(3) == 0) images[pick(i)].parents.push_back(one.digest);
      if (i > 0 && pick(4) == 0) one.subject = images[pick(i)].digest;
      if (pick(12) == 0) one.parents.emplace_back("sha256:unknown");
    }
    std::shuffle(images.begin(), images.end(), engine_);
    return images;
  }

  Policy policy() {
    Policy policy;
    for (auto n = pick(5) + 1; n > 0; --n) {
      Rule one;
      one.priority = static_cast<std::int64_t>(policy.rules.size() * 3 + 1);
      one.tag_status = static_cast<TagStatus>(pick(3));
      one.storage_class = pick(4) == 0 ? StorageClass::kArchive : StorageClass::kStandard;
      one.count_type = static_cast<CountType>(pick(4));
      const bool counts = one.count_type == CountType::kImageCountMoreThan;
      one.count = static_cast<std::int64_t>(pick(counts ? 4 : 6) + 1);
      one.action = pick(3) == 0 ? ActionType::kTransition : ActionType::kExpire;
      auto& entries = pick(2) == 0 ? one.prefixes : one.patterns;
      if (one.tag_status == TagStatus::kTagged) {
        for (auto m = pick(2) + 1; m > 0; --m) entries.push_back(entry(&entries == &one.patterns));
      }
      policy.rules.push_back(std::move(one));
    }
    return policy;
  }

 private:
  std::size_t pick(std::size_t below) { return engine_() % below; }
  // Few values, so that equal ages and ages on the very edge are common.
  TimePoint time() { return kNow - hours(12 * static_cast<int>(pick(14))); }
  std::string tag() {
    constexpr const char* kTags[] = {"a", "ab", "abc", "b", "ba", "bab", "c", "a-b-c"};
    return kTags[pick(std::size(kTags))];
  }
  std::string entry(bool pattern) {
    constexpr const char* kPatterns[] = {"*", "a*", "*b", "a*c", "*a*b*", "ab", "**", "b*b"};
    return pattern ? kPatterns[pick(std::size(kPatterns))] : tag();
  }

  std::mt19937_64 engine_;
};

TEST(LifecycleProperty, AgreesWithTheNaiveEvaluatorOnTenThousandCases) {
  Cases cases(20260101);
  std::size_t outcomes[5] = {};
  std::size_t followers = 0;
  for (int round = 0; round < 10'000; ++round) {
    const auto images = cases.images();
    const auto policy = cases.policy();
    const auto actual = evaluate(policy, images, kNow).images;
    const auto expected = test::naive_evaluate(policy, images, kNow);
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
      ASSERT_EQ(actual[i].outcome, expected[i].outcome) << "case " << round << ", image " << i;
      ASSERT_EQ(actual[i].rule_priority, expected[i].rule_priority) << "case " << round;
      ASSERT_EQ(actual[i].follows_subject, expected[i].follows_subject) << "case " << round;
      ++outcomes[static_cast<std::size_t>(actual[i].outcome)];
      followers += actual[i].follows_subject ? 1 : 0;
    }
  }
  // Nothing of this is rare.
  for (const std::size_t count : outcomes) EXPECT_GT(count, 1000u);
  EXPECT_GT(followers, 500u);
}

TEST(LifecycleProperty, TheOrderOfTheImagesDoesNotMatter) {
  Cases cases(7);
  for (int round = 0; round < 500; ++round) {
    auto images = cases.images();
    const auto policy = cases.policy();
    const auto forward = evaluate(policy, images, kNow);
    std::reverse(images.begin(), images.end());
    auto backward = evaluate(policy, images, kNow);
    std::reverse(backward.images.begin(), backward.images.end());
    for (std::size_t i = 0; i < images.size(); ++i) {
      ASSERT_EQ(forward.images[i].outcome, backward.images[i].outcome) << round;
    }
  }
}

}  // namespace
}  // namespace ecr::api::lifecycle
