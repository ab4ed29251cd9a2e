#include "api/images/push/replication.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::replication {
namespace {

constexpr std::string_view kSetting = "REPLICATION_CONFIGURATION";

// PREFIX_MATCH is the only type of filter: the prefix is plain text, without a slash of its own.
bool covers(const Json& rule, const model::RepositoryName& repository) {
  const auto filters = rule.find("repositoryFilters");
  if (filters == rule.end() || filters->empty()) return true;
  return std::any_of(filters->begin(), filters->end(), [&](const Json& filter) {
    return repository.text().starts_with(filter.at("filter").get_ref<const std::string&>());
  });
}

bool names(const Json& rule, const model::RegistryId& destination) {
  const auto& destinations = rule.at("destinations");
  return std::any_of(destinations.begin(), destinations.end(), [&](const Json& json) {
    return json.at("registryId") == destination.account && json.at("region") == destination.region;
  });
}

// The payload of a job.
Json to_json(const ImageCopy& job) {
  return {{"account", job.from.account},
          {"region", job.from.region},
          {"repository", job.repository.text()},
          {"digest", job.digest.text()},
          {"tag", job.tag},
          {"toAccount", job.to.account},
          {"toRegion", job.to.region}};
}

ImageCopy read_payload(const Json& payload) {
  const auto text = [&](const char* name) { return payload.at(name).get<std::string>(); };
  return {{text("account"), text("region")},
          repository_name_of(payload),
          digest_of(payload),
          text("tag"),
          {text("toAccount"), text("toRegion")}};
}

storage::Repository destination_of(const ImageCopy& job) { return {job.to, job.repository}; }

}  // namespace

Json configuration(storage::sql::Txn& txn, const model::RegistryId& registry) {
  const auto text = storage::registry_setting(txn, registry, kSetting);
  return text ? Json::parse(*text) : Json{{"rules", Json::array()}};
}

void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const Json& configuration) {
  storage::set_registry_setting(txn, registry, kSetting, configuration.dump());
}

bool is_destination_of(const Json& configuration, const model::RepositoryName& repository,
                       const model::RegistryId& destination) {
  const auto& rules = configuration.at("rules");
  return std::any_of(rules.begin(), rules.end(), [&](const Json& rule) {
    return covers(rule, repository) && names(rule, destination);
  });
}

bool is_destination(const Json& configuration, const model::RegistryId& destination) {
  const auto& rules = configuration.at("rules");
  return std::any_of(rules.begin(), rules.end(),
                     [&](const Json& rule) { return names(rule, destination); });
}

std::vector<model::RegistryId> destinations_of(const Json& configuration,
                                               const model::RepositoryName& repository) {
  std::vector<model::RegistryId> found;
  for (const Json& rule : configuration.at("rules")) {
    if (!covers(rule, repository)) continue;
    for (const Json& json : rule.at("destinations")) {
      model::RegistryId destination{json.at("registryId").get<std::string>(),
                                    json.at("region").get<std::string>()};
      if (std::find(found.begin(), found.end(), destination) == found.end())
        found.push_back(std::move(destination));
    }
  }
  return found;
}

void enqueue_replication(const Core& core, storage::sql::Txn& txn,
                         const storage::Repository& repository, const model::Digest& digest,
                         std::string_view tag, base::TimePoint now) {
  // Several rules may name one destination: destinations_of() has each once. The key makes a second
  // push of the same image and tag replace the job that still waits.
  const Json rules = configuration(txn, repository.registry);
  for (const model::RegistryId& to : destinations_of(rules, repository.name)) {
    const ImageCopy job{repository.registry, repository.name, digest, std::string(tag), to};
    storage::put_image_replication(txn, repository.id, digest,
                                   {to, storage::WorkStatus::kInProgress, ""});
    const Json payload = to_json(job);
    enqueue_job(core, txn, kReplication.kind, payload, now, payload.dump());
  }
}

// ECR sends the event in the destination's account and region (ECR User Guide, "Amazon ECR events
// and EventBridge").
void record_copy(const Core& core, storage::sql::Txn& txn, base::TimePoint now,
                 const ImageCopy& copy, std::string_view failure) {
  const auto source = storage::find_repository(txn, copy.from, copy.repository);
  if (!source || !storage::find_image(txn, source->id, copy.digest)) return;  // it went meanwhile
  storage::put_image_replication(
      txn, source->id, copy.digest,
      {copy.to, failure.empty() ? storage::WorkStatus::kComplete : storage::WorkStatus::kFailed,
       std::string(failure)});
  record_event(
      core, txn, now,
      replication_event(destination_of(copy), copy.digest, copy.tag, copy.from, failure.empty()));
}

void run_replication(JobAttempt& attempt) {
  const ImageCopy job = read_payload(attempt.payload);
  const std::string failure = copy_image(attempt.services, attempt.now, job).code;
  record_copy(attempt.services, attempt.begin().txn, attempt.now, job, failure);
}

}  // namespace ecr::api::replication
