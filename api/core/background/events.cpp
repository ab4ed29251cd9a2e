#include "api/core/background/events.h"

#include <nlohmann/json.hpp>

#include "api/core/background/event_log.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "storage/rows/events.h"

namespace ecr::api {
namespace {

using base::OrderedJson;

constexpr std::string_view kSource = "aws.ecr";
constexpr const char* kImageAction = "ECR Image Action";
constexpr const char* kReferrerAction = "ECR Referrer Action";

std::string arn_of(const storage::Repository& repository) {
  return model::repository_arn(repository.registry, repository.name);
}

const char* name_of(ImageAction action) { return action == ImageAction::kPush ? "PUSH" : "DELETE"; }

// The members that "ECR Image Action" and "ECR Referrer Action" share, in the order of AWS's
// samples. AWS leaves image-tag out of the event of an image without a tag.
OrderedJson image_detail(const storage::Repository& repository, std::string_view action,
                         const EventImage& image) {
  OrderedJson detail = {{"result", "SUCCESS"},
                        {"repository-name", repository.name.text()},
                        {"image-digest", image.digest.text()},
                        {"action-type", action}};
  if (!image.tag.empty()) detail["image-tag"] = image.tag;
  if (!image.manifest_media_type.empty()) {
    detail["manifest-media-type"] = image.manifest_media_type;
  }
  if (!image.artifact_media_type.empty()) {
    detail["artifact-media-type"] = image.artifact_media_type;
  }
  return detail;
}

Event make_event(const storage::Repository& repository, const char* detail_type,
                 const OrderedJson& detail, std::vector<std::string> resources = {}) {
  return {detail_type, repository.registry, std::move(resources), base::dump(detail)};
}

// Artifacts with a subject (signatures, SBOMs) raise "ECR Referrer Action".
const char* kind_for(const storage::Image& image) {
  return image.subject ? kReferrerAction : kImageAction;
}

}  // namespace

void record_event(const Core& core, storage::sql::Txn& txn, base::TimePoint now, const Event& event,
                  std::string_view request_id) {
  OrderedJson json;
  // The envelope that EventBridge puts around every event, in the order of its documentation.
  json["version"] = "0";
  json["id"] = base::make_uuid(core.random);
  json["detail-type"] = event.detail_type;
  json["source"] = kSource;
  json["account"] = event.registry.account;
  json["time"] = base::format_iso8601(now);
  json["region"] = event.registry.region;
  json["resources"] = event.resources;
  json["detail"] = OrderedJson::parse(event.detail);
  storage::insert_event(txn, {.sequence = core.events.next_sequence(),
                              .kind = storage::EventKind::kEvent,
                              .type = event.detail_type,
                              .source = std::string(kSource),
                              .account = event.registry.account,
                              .region = event.registry.region,
                              .time = now,
                              .request_id = std::string(request_id),
                              .body = base::dump(json)});
}

EventImage make_event_image(const storage::Image& image, std::string_view tag) {
  return {image.digest, std::string(tag), image.media_type, image.artifact_media_type};
}

Event image_action_event(const storage::Repository& repository, ImageAction action,
                         const EventImage& image) {
  return make_event(repository, kImageAction, image_detail(repository, name_of(action), image));
}

Event referrer_action_event(const storage::Repository& repository, ImageAction action,
                            const EventImage& image) {
  return make_event(repository, kReferrerAction, image_detail(repository, name_of(action), image));
}

Event push_or_delete_event(const storage::Repository& repository, ImageAction action,
                           const storage::Image& image, std::string_view tag) {
  return make_event(repository, kind_for(image),
                    image_detail(repository, name_of(action), make_event_image(image, tag)));
}

Event storage_class_event(const storage::Repository& repository, const storage::Image& image,
                          std::string_view tag, storage::StorageClass target,
                          std::optional<base::TimePoint> activated_at) {
  OrderedJson detail =
      image_detail(repository, "UPDATE_STORAGE_CLASS", make_event_image(image, tag));
  detail["target-storage-class"] = storage::word_of(target);
  if (activated_at) detail["last-activated-at"] = base::format_iso8601(*activated_at);
  return make_event(repository, kind_for(image), detail);
}

// `resources` holds the repository's ARN in this event and in those of replication and pull-through
// caches; in AWS's samples of "ECR Image Action" it is empty.
Event image_scan_event(const storage::Repository& repository, const model::Digest& digest,
                       const std::vector<std::string>& tags, storage::ScanStatus status,
                       const std::vector<std::pair<std::string, std::int64_t>>& severities) {
  OrderedJson counts = OrderedJson::object();
  for (const auto& [severity, count] : severities) counts[severity] = count;
  const OrderedJson detail = {{"scan-status", storage::word_of(status)},
                              {"repository-name", repository.name.text()},
                              {"finding-severity-counts", counts},
                              {"image-digest", digest.text()},
                              {"image-tags", tags}};
  return make_event(repository, "ECR Image Scan", detail, {arn_of(repository)});
}

// One event names every repository whose frequency changed with the configuration.
Event scan_change_event(const model::RegistryId& registry,
                        const std::vector<ScanFrequencyChange>& changes,
                        std::string_view scan_type) {
  OrderedJson repositories = OrderedJson::array();
  for (const ScanFrequencyChange& change : changes) {
    repositories.push_back({{"repository-name", change.repository.text()},
                            {"repository-arn", model::repository_arn(registry, change.repository)},
                            {"scan-frequency", change.frequency},
                            {"previous-scan-frequency", change.previous}});
  }
  const OrderedJson detail = {{"action-type", "SCAN_FREQUENCY_CHANGE"},
                              {"repositories", std::move(repositories)},
                              {"resource-type", "REPOSITORY"},
                              {"scan-type", scan_type}};
  return {"ECR Scan Resource Change", registry, {}, base::dump(detail)};
}

// The destination's event: account, region and repository are those of the copy, source-* those of
// the push.
Event replication_event(const storage::Repository& destination, const model::Digest& digest,
                        std::string_view tag, const model::RegistryId& source, bool success) {
  OrderedJson detail = {{"result", success ? "SUCCESS" : "FAILED"},
                        {"repository-name", destination.name.text()},
                        {"image-digest", digest.text()},
                        {"source-account", source.account},
                        {"action-type", "REPLICATE"},
                        {"source-region", source.region}};
  if (!tag.empty()) detail["image-tag"] = tag;
  return make_event(destination, "ECR Replication Action", detail, {arn_of(destination)});
}

Event pull_through_event(const storage::Repository& repository, const PullThroughSync& sync) {
  OrderedJson detail = {{"rule-version", "1"},
                        {"sync-status", sync.failure_code.empty() ? "SUCCESS" : "FAILURE"},
                        {"ecr-repository-prefix", sync.prefix},
                        {"repository-name", repository.name.text()},
                        {"upstream-registry-url", sync.upstream}};
  if (!sync.tag.empty()) detail["image-tag"] = sync.tag;
  if (sync.digest) detail["image-digest"] = sync.digest->text();
  // failure-code and failure-reason are in the event of a failed sync alone.
  if (!sync.failure_code.empty()) {
    detail["failure-code"] = sync.failure_code;
    detail["failure-reason"] = sync.failure_reason;
  }
  return make_event(repository, "ECR Pull Through Cache Action", detail, {arn_of(repository)});
}

void record_service_event(const Core& core, storage::sql::Txn& txn, base::TimePoint now,
                          const storage::Repository& repository, std::string_view name,
                          std::string_view details) {
  OrderedJson json;
  // AWS's sample of a PolicyExecutionEvent: the service has no identity but "AWS Internal", and
  // readOnly is true although images go.
  json["eventVersion"] = "1.08";
  json["userIdentity"] = {{"accountId", repository.registry.account},
                          {"invokedBy", "AWS Internal"}};
  json["eventTime"] = base::format_iso8601(now);
  json["eventSource"] = "ecr.amazonaws.com";
  json["eventName"] = name;
  json["awsRegion"] = repository.registry.region;
  json["sourceIPAddress"] = "AWS Internal";
  json["userAgent"] = "AWS Internal";
  json["requestParameters"] = nullptr;
  json["responseElements"] = nullptr;
  json["eventID"] = base::make_uuid(core.random);
  json["readOnly"] = true;
  json["resources"] = {{{"ARN", arn_of(repository)},
                        {"accountId", repository.registry.account},
                        {"type", "AWS::ECR::Repository"}}};
  json["eventType"] = "AwsServiceEvent";
  json["recipientAccountId"] = repository.registry.account;
  json["serviceEventDetails"] = OrderedJson::parse(details);
  storage::insert_event(txn, {.sequence = core.events.next_sequence(),
                              .kind = storage::EventKind::kRecord,
                              .type = std::string(name),
                              .source = "ecr.amazonaws.com",
                              .account = repository.registry.account,
                              .region = repository.registry.region,
                              .time = now,
                              .request_id = {},
                              .body = base::dump(json)});
}

}  // namespace ecr::api
