// The fixed sets of values that rows hold, and the word of each: what its column has, and what
// ECR's API calls the same value. Texts become values where a request is decoded and where a row is
// read, and words again where one is written; in between there are values alone. Pure.
#pragma once

#include <string_view>

#include "storage/sql/columns.h"

namespace ecr::storage {

// Of a repository
enum class TagMutability { kMutable, kImmutable, kMutableWithExclusion, kImmutableWithExclusion };
enum class EncryptionType { kAes256, kKms, kKmsDsse };

// Of an image
enum class ImageStatus { kActive, kArchived, kActivating /* on its way back from the archive */ };
enum class StorageClass { kStandard, kArchive };

// Of a scan. A scan on demand ends as COMPLETE or FAILED; continuous scanning stays ACTIVE.
enum class ScanType { kBasic, kEnhanced };
enum class ScanStatus { kInProgress, kPending, kComplete, kFailed, kActive };

// Of a signing, a replication of one image, a lifecycle preview
enum class WorkStatus { kInProgress, kComplete, kFailed };

// Of what a lifecycle rule does with an image
enum class RuleAction { kExpire, kTransition /* to the archive */ };

// Of a replication backfill, and of one image in it
enum class BackfillStatus { kPreparing, kInProgress, kStopping, kStopped, kComplete, kFailed };
enum class BackfillResultStatus { kPending, kComplete, kFailed };

constexpr auto words_of(TagMutability) {
  return EnumColumn<TagMutability, 4>(
      {"MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"});
}
constexpr auto words_of(EncryptionType) {
  return EnumColumn<EncryptionType, 3>({"AES256", "KMS", "KMS_DSSE"});
}
constexpr auto words_of(ImageStatus) {
  return EnumColumn<ImageStatus, 3>({"ACTIVE", "ARCHIVED", "ACTIVATING"});
}
constexpr auto words_of(StorageClass) {
  return EnumColumn<StorageClass, 2>({"STANDARD", "ARCHIVE"});
}
constexpr auto words_of(ScanType) { return EnumColumn<ScanType, 2>({"BASIC", "ENHANCED"}); }
constexpr auto words_of(ScanStatus) {
  return EnumColumn<ScanStatus, 5>({"IN_PROGRESS", "PENDING", "COMPLETE", "FAILED", "ACTIVE"});
}
constexpr auto words_of(WorkStatus) {
  return EnumColumn<WorkStatus, 3>({"IN_PROGRESS", "COMPLETE", "FAILED"});
}
constexpr auto words_of(RuleAction) { return EnumColumn<RuleAction, 2>({"EXPIRE", "TRANSITION"}); }
constexpr auto words_of(BackfillStatus) {
  return EnumColumn<BackfillStatus, 6>(
      {"PREPARING", "IN_PROGRESS", "STOPPING", "STOPPED", "COMPLETE", "FAILED"});
}
constexpr auto words_of(BackfillResultStatus) {
  return EnumColumn<BackfillResultStatus, 3>({"PENDING", "COMPLETE", "FAILED"});
}

template <typename Enum>
inline constexpr auto kWords = words_of(Enum{});

// "ARCHIVED". Valid for as long as the program runs.
template <typename Enum>
constexpr std::string_view word_of(Enum value) {
  return kWords<Enum>.text(value);
}
// The value of that word. REQUIRES: the word is one of the set's, which the API's model and the
// columns see to, or empty: the input has none. Then it is the first value, ECR's default.
template <typename Enum>
constexpr Enum value_of(std::string_view word) {
  return kWords<Enum>.value(word);
}

constexpr bool is_immutable(TagMutability mutability) {
  return mutability == TagMutability::kImmutable ||
         mutability == TagMutability::kImmutableWithExclusion;
}
// Whether exclusion filters go with it.
constexpr bool has_exclusions(TagMutability mutability) {
  return mutability == TagMutability::kMutableWithExclusion ||
         mutability == TagMutability::kImmutableWithExclusion;
}

}  // namespace ecr::storage
