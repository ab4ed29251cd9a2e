// ECR's events as EventBridge delivers them: one builder for each kind of event, and the one place
// that writes them. An event is written in the transaction of what it tells about.
// Source: Amazon ECR User Guide, "Amazon ECR events and EventBridge".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/services.h"
#include "schemas/model/digest.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "storage/rows/states.h"

namespace ecr::api {

// An event without its envelope. Built by the functions below.
struct Event {
  std::string detail_type;             // "ECR Image Action"
  model::RegistryId registry;          // in which it happened
  std::vector<std::string> resources;  // ARNs
  std::string detail;                  // JSON
};

// Adds the envelope (version, id, source "aws.ecr", time) and the row. `request_id`: of the request
// that caused it; empty: none did. REQUIRES: a write transaction of core.store.
void record_event(const Core& core, storage::sql::Txn& txn, base::TimePoint now, const Event& event,
                  std::string_view request_id = {});

// The members of an event that are about an image.
struct EventImage {
  model::Digest digest;
  std::string tag;                  // empty: none
  std::string manifest_media_type;  // empty: not said
  std::string artifact_media_type;  // empty: not said
};
EventImage make_event_image(const storage::Image& image, std::string_view tag);

enum class ImageAction { kPush, kDelete };
// "ECR Image Action".
Event image_action_event(const storage::Repository& repository, ImageAction action,
                         const EventImage& image);
// "ECR Referrer Action": the same for an artifact that has a subject.
Event referrer_action_event(const storage::Repository& repository, ImageAction action,
                            const EventImage& image);
// The one of the two above that is right for the image. That a referrer raises its own kind alone
// is inferred: AWS has published no sample of one push with both.
Event push_or_delete_event(const storage::Repository& repository, ImageAction action,
                           const storage::Image& image, std::string_view tag);
// "ECR Image Action" with UPDATE_STORAGE_CLASS, or "ECR Referrer Action". `target`: where
// it goes; `activated_at`: of a restored image.
Event storage_class_event(const storage::Repository& repository, const storage::Image& image,
                          std::string_view tag, storage::StorageClass target,
                          std::optional<base::TimePoint> activated_at);
// "ECR Image Scan". Severities with their counts: {"HIGH", 2}.
Event image_scan_event(const storage::Repository& repository, const model::Digest& digest,
                       const std::vector<std::string>& tags, storage::ScanStatus status,
                       const std::vector<std::pair<std::string, std::int64_t>>& severities);
struct ScanFrequencyChange {
  model::RepositoryName repository;
  std::string frequency;  // "SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"
  std::string previous;
};
// "ECR Scan Resource Change".
Event scan_change_event(const model::RegistryId& registry,
                        const std::vector<ScanFrequencyChange>& changes,
                        std::string_view scan_type);
// "ECR Replication Action", in the destination's registry.
Event replication_event(const storage::Repository& destination, const model::Digest& digest,
                        std::string_view tag, const model::RegistryId& source, bool success);
struct PullThroughSync {
  std::string prefix;                   // ecr-repository-prefix
  std::string upstream;                 // "public.ecr.aws"
  std::optional<model::Digest> digest;  // nullopt: not known
  std::string tag;                      // empty: none
  std::string failure_code;             // empty: success
  std::string failure_reason;
};
// "ECR Pull Through Cache Action".
Event pull_through_event(const storage::Repository& repository, const PullThroughSync& sync);

// Records an action that ECR took by itself, as CloudTrail has it (eventType AwsServiceEvent): a
// lifecycle policy's in one repository. `details` is serviceEventDetails as JSON text.
void record_service_event(const Core& core, storage::sql::Txn& txn, base::TimePoint now,
                          const storage::Repository& repository, std::string_view name,
                          std::string_view details);

}  // namespace ecr::api
