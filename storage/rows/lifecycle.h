// Rows of lifecycle policies and of their previews; a repository has one of each. Free functions on
// Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/images.h"
#include "storage/rows/states.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct LifecyclePolicy {
  std::string text;
  std::optional<base::TimePoint> last_evaluated_at;
};

// Replaces the policy. The new one has not been evaluated.
void put_lifecycle_policy(sql::Txn& txn, std::int64_t repository, std::string_view text);
std::optional<LifecyclePolicy> find_lifecycle_policy(sql::Txn& txn, std::int64_t repository);
void set_lifecycle_evaluated(sql::Txn& txn, std::int64_t repository, base::TimePoint when);
void delete_lifecycle_policy(sql::Txn& txn, std::int64_t repository);

struct LifecyclePreview {
  std::string text;  // of the policy
  WorkStatus status = WorkStatus::kInProgress;
  std::int64_t expiring = 0;       // images
  std::int64_t transitioning = 0;  // images
};
struct LifecyclePreviewResult {
  model::Digest digest;
  std::int64_t position = 0;           // from 1
  std::vector<std::string> tags = {};  // as they were
  base::TimePoint pushed_at = {};
  StorageClass storage_class = StorageClass::kStandard;
  RuleAction action = RuleAction::kExpire;
  std::int64_t rule_priority = 0;
};

// Replaces the repository's preview by a new one, IN_PROGRESS.
void start_lifecycle_preview(sql::Txn& txn, std::int64_t repository, std::string_view text);
std::optional<LifecyclePreview> find_lifecycle_preview(sql::Txn& txn, std::int64_t repository);
void add_lifecycle_preview_result(sql::Txn& txn, std::int64_t repository,
                                  const LifecyclePreviewResult& result);
void finish_lifecycle_preview(sql::Txn& txn, std::int64_t repository,
                              const LifecyclePreview& preview);
// The results by position, after `after` (exclusive).
std::vector<LifecyclePreviewResult> list_lifecycle_preview_results(sql::Txn& txn,
                                                                   std::int64_t repository,
                                                                   TagStatus status,
                                                                   std::int64_t after,
                                                                   std::int64_t limit);
std::optional<LifecyclePreviewResult> find_lifecycle_preview_result(sql::Txn& txn,
                                                                    std::int64_t repository,
                                                                    const model::Digest& digest);

// An image with its tags and parents, which lifecycle rules ask for.
struct LifecycleImage {
  explicit LifecycleImage(Image image_) : image(std::move(image_)) {}
  Image image;
  std::vector<std::string> tags;       // sorted
  std::vector<model::Digest> parents;  // of the indexes that name it, sorted
};
// All images of the repository, by digest.
std::vector<LifecycleImage> lifecycle_images(sql::Txn& txn, std::int64_t repository);

}  // namespace ecr::storage
