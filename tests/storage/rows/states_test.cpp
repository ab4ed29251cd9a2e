// The words that stand for fixed sets of values.
#include "storage/rows/states.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace ecr::storage {
namespace {

// Each value has a word of its own, and comes back from it.
template <typename Enum>
void check_words(Enum last) {
  std::set<std::string_view> words;
  const int count = static_cast<int>(last) + 1;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    EXPECT_FALSE(word_of(value).empty()) << i;
    EXPECT_EQ(value_of<Enum>(word_of(value)), value) << word_of(value);
    words.insert(word_of(value));
  }
  EXPECT_EQ(static_cast<int>(words.size()), count);
}

TEST(States, EveryValueComesBackFromItsWord) {
  check_words(TagMutability::kImmutableWithExclusion);
  check_words(EncryptionType::kKmsDsse);
  check_words(ImageStatus::kActivating);
  check_words(StorageClass::kArchive);
  check_words(ScanType::kEnhanced);
  check_words(ScanStatus::kActive);
  check_words(WorkStatus::kFailed);
  check_words(RuleAction::kTransition);
  check_words(BackfillStatus::kFailed);
  check_words(BackfillResultStatus::kFailed);
}

// What is absent from a request is ECR's default.
TEST(States, TheFirstValueStandsForNoWord) {
  EXPECT_EQ(value_of<TagMutability>(""), TagMutability::kMutable);
  EXPECT_EQ(value_of<EncryptionType>(""), EncryptionType::kAes256);
  EXPECT_EQ(value_of<ImageStatus>(""), ImageStatus::kActive);
}

TEST(States, ImmutableAndWithExclusionAreTwoThings) {
  EXPECT_FALSE(is_immutable(TagMutability::kMutableWithExclusion));
  EXPECT_TRUE(is_immutable(TagMutability::kImmutableWithExclusion));
  EXPECT_TRUE(has_exclusions(TagMutability::kMutableWithExclusion));
  EXPECT_FALSE(has_exclusions(TagMutability::kImmutable));
}

}  // namespace
}  // namespace ecr::storage
