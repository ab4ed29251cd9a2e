// Background work of lifecycle policies: evaluating one, previewing one. Payload of both:
// {"repository": id}; key: the id.
#pragma once

#include "api/core/background/jobs.h"
#include "api/images/lifecycle/evaluate.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// ECR acts within 24 hours after an image meets a rule (ECR User Guide, "Lifecycle policies").
inline constexpr std::chrono::hours kLifecycleInterval{24};

// Expires and archives what the repository's policy says, notes the time, and comes again after
// kLifecycleInterval for as long as there is a policy.
void run_lifecycle(JobAttempt& attempt);
void run_lifecycle_preview(JobAttempt& attempt);

inline constexpr JobKind kLifecycle{"lifecycle", run_lifecycle};
inline constexpr JobKind kLifecyclePreview{"lifecycle-preview", run_lifecycle_preview};

// An image of the repository as the evaluation takes it.
lifecycle::Image lifecycle_image(const storage::LifecycleImage& row);

void enqueue_lifecycle(const Core& core, storage::sql::Txn& txn, std::int64_t repository,
                       base::TimePoint due);

}  // namespace ecr::api
