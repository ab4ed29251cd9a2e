#include "api/images/push/replication.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/access/gate.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/target.h"
#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/images/image_walk.h"
#include "api/images/images.h"
#include "api/images/repository_creation.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::replication {
namespace {

using storage::sql::Access;

constexpr std::string_view kSetting = "REPLICATION_CONFIGURATION";

// PREFIX_MATCH is the only type of filter: the prefix is plain text, without a slash of its own.
bool covers(const Json& rule, std::string_view repository) {
  const auto filters = rule.find("repositoryFilters");
  if (filters == rule.end() || filters->empty()) return true;
  return std::any_of(filters->begin(), filters->end(), [&](const Json& filter) {
    return repository.starts_with(filter.at("filter").get_ref<const std::string&>());
  });
}

constexpr const char* kInProgress = "IN_PROGRESS";
constexpr const char* kComplete = "COMPLETE";
constexpr const char* kFailed = "FAILED";

// The payload of a job: one image, one destination.
struct CopyJob {
  std::string account;
  std::string region;
  std::string repository;
  std::string digest;
  std::string tag;  // empty: none
  Destination to;
};

Json to_json(const CopyJob& job) {
  return {{"account", job.account},   {"region", job.region}, {"repository", job.repository},
          {"digest", job.digest},     {"tag", job.tag},       {"toAccount", job.to.account},
          {"toRegion", job.to.region}};
}

CopyJob read_payload(const Json& payload) {
  const auto text = [&](const char* name) { return payload.at(name).get<std::string>(); };
  return {text("account"), text("region"), text("repository"),
          text("digest"),  text("tag"),    {text("toAccount"), text("toRegion")}};
}

// The role that ECR replicates with. Its permissions policy lets it create repositories and
// replicate images anywhere; what another account's registry policy says is up to that account.
// Service-linked roles are exempt from service control policies.
Caller service_role(const Core& core, const model::RegistryId& source) {
  const std::string& account = source.account;
  Caller caller;
  caller.principal.kind = auth::iam::PrincipalKind::kRoleSession;
  caller.principal.account = account;
  caller.principal.issuer = base::format(
      "arn:{}:iam::{}:role/aws-service-role/replication.ecr.amazonaws.com/"
      "AWSServiceRoleForECRReplication",
      source.partition(), account);
  caller.principal.arn =
      base::format("arn:{}:sts::{}:assumed-role/AWSServiceRoleForECRReplication/ecr-replication",
                   source.partition(), account);
  caller.account = account;
  caller.partition = source.partition();
  // ecr:CreateRepository and ecr:ReplicateImage on "*" are all that is asked of it, so "allow
  // everything" decides the same as ECRReplicationServiceRolePolicy.
  caller.identity.push_back(root_policy(core));
  return caller;
}

// No client sent it: it only has an id, for the log of decisions.
HttpRequest background_request(const Core& core) {
  HttpRequest request;
  request.id = base::make_uuid(core.random);
  return request;
}

// One step of the copying, in its own transaction: what the service role may do at the destination,
// and some of the images.
class CopyStep {
 public:
  CopyStep(const JobAttempt& attempt, storage::sql::Txn& txn, const CopyJob& job)
      : job_(job),
        http_(background_request(attempt.services)),
        caller_(service_role(attempt.services, {job.account, job.region})),
        request_{attempt.services, txn,   http_,        caller_, {job.to.account, job.to.region},
                 attempt.now,      note_, after_commit_} {}

  // Throws ApiError where the destination refuses an image.
  void run(const storage::Repository& source,
           const std::vector<std::unique_ptr<LoadedManifest>>& images) {
    const storage::Repository destination = require_destination();
    for (const auto& image : images) copy_image(source, destination, image->sent);
  }

 private:
  void authorize_action(std::string_view action, const storage::Repository* destination) {
    const auto target_with = [&](const storage::Repository* repository) {
      return make_repository_target(request_, action, request_.registry, job_.repository,
                                    repository);
    };
    // "A registry policy must grant" another account ecr:ReplicateImage (ECR User Guide, "Registry
    // permissions for cross account replication"): what the repository's own policy allows is not
    // enough, so that the decision without it has to allow too. What that policy denies is denied
    // (test ARepositoryPolicyAloneLetsNoOtherAccountReplicate).
    std::vector<Target> targets = {target_with(nullptr)};
    if (destination != nullptr) targets.push_back(target_with(destination));
    authorize(request_, targets);
  }

  storage::Repository require_destination() {
    auto found =
        storage::find_repository(request_.txn, job_.to.account, job_.to.region, job_.repository);
    // In the own account the role's policy is enough. Another account's registry policy must allow
    // ecr:ReplicateImage, and ecr:CreateRepository too where the repository is missing.
    authorize_action("ecr:ReplicateImage", found ? &*found : nullptr);
    if (found) return std::move(*found);
    authorize_action("ecr:CreateRepository", nullptr);
    const RepositoryKey wanted{job_.to.account, job_.to.region, job_.repository};
    const auto as = creation::find_template(request_.txn, wanted.account, wanted.region,
                                            wanted.name, creation::Reason::kReplication);
    return creation::create_repository(request_.core, request_.txn, wanted, as, request_.now);
  }

  // The tag that the copy gets: none where it has moved on meanwhile (the later push has a job of
  // its own), and none where the destination's tag may not move. The images that an index names are
  // copied without tags.
  std::string tag_for(const storage::Repository& source, const storage::Repository& destination,
                      const std::string& digest) {
    if (job_.tag.empty() || digest != job_.digest) return {};
    if (storage::find_tag(request_.txn, source.id, job_.tag) != digest) return {};
    const auto there = storage::find_tag(request_.txn, destination.id, job_.tag);
    const bool clashes = there && *there != digest && !tag_may_move(destination, job_.tag);
    return clashes ? std::string() : job_.tag;
  }

  // Blobs are not copied: both repositories name the same files.
  void copy_image(const storage::Repository& source, const storage::Repository& destination,
                  const SentManifest& sent) {
    for (const Descriptor& blob : sent.manifest.blobs) {
      const auto size = storage::find_blob(request_.txn, source.id, blob.digest);
      const auto name = model::Digest::parse(blob.digest);
      if (size && name) storage::add_blob(request_.txn, destination.id, *name, *size, request_.now);
    }
    put_image(request_.txn, destination, sent, tag_for(source, destination, sent.digest.text()),
              request_.now);
  }

  const CopyJob& job_;
  const HttpRequest http_;
  const Caller caller_;
  LogNote note_;              // its decisions are in their log; no access log has a line of them
  AfterCommit after_commit_;  // nothing: a copy adds rows alone
  const Request request_;
};

// The image and all that it names, in the order in which they are copied: put_image() refuses an
// index without its images. Empty: the repository or the image is gone.
std::vector<std::string> images_to_copy(storage::Store& store, const CopyJob& job) {
  auto txn = store.database().begin(Access::kRead);
  const auto source = storage::find_repository(txn, job.account, job.region, job.repository);
  if (!source || !storage::find_image(txn, source->id, job.digest)) return {};
  return children_first(job.digest, kMaxWalkedImages, [&](const std::string& digest) {
    return storage::image_children(txn, source->id, digest);
  });
}

std::unique_ptr<LoadedManifest> load_source(storage::Store& store, const CopyJob& job,
                                            const std::string& digest) {
  auto txn = store.database().begin(Access::kRead);
  const auto source = storage::find_repository(txn, job.account, job.region, job.repository);
  if (!source) return nullptr;
  const auto image = storage::find_image(txn, source->id, digest);
  auto text = storage::image_manifest(txn, source->id, digest);
  if (!image || !text) return nullptr;
  return std::make_unique<LoadedManifest>(std::move(*text), image->media_type, digest);
}

// A failure in the middle leaves images without the index that names them, as a push that breaks
// off does; the next attempt finds them there.
void copy_images(const JobAttempt& attempt, const CopyJob& job) {
  storage::Store& store = attempt.services.store;
  ManifestSteps steps(images_to_copy(store, job),
                      [&](const std::string& digest) { return load_source(store, job, digest); });
  for (auto images = steps.next(); !images.empty(); images = steps.next()) {
    if (attempt.services.job_signal.stopping()) throw std::runtime_error("the server is stopping");
    auto txn = store.database().begin(Access::kWrite);
    const auto source = storage::find_repository(txn, job.account, job.region, job.repository);
    if (!source) return;
    CopyStep(attempt, txn, job).run(*source, images);
    txn.commit();
  }
}

// The failure's code, empty where there is none. AWS publishes no list of ReplicationError codes:
// the API's own error names stand here.
std::string copy(const JobAttempt& attempt, const CopyJob& job) {
  try {
    copy_images(attempt, job);
  } catch (const ApiError& error) {  // the destination's refusal ends the job, not the runner
    return std::string(names_of(error.code()).json_type);
  }
  return {};
}

storage::Repository destination_of(const CopyJob& job) {
  storage::Repository destination;
  destination.account = job.to.account;
  destination.region = job.to.region;
  destination.name = job.repository;
  return destination;
}

}  // namespace

Json configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region) {
  const auto text = storage::registry_setting(txn, account, region, kSetting);
  return text ? Json::parse(*text) : Json{{"rules", Json::array()}};
}

void set_configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region,
                       const Json& configuration) {
  storage::set_registry_setting(txn, account, region, kSetting, configuration.dump());
}

std::vector<Destination> destinations_of(const Json& configuration, std::string_view repository) {
  std::vector<Destination> found;
  for (const Json& rule : configuration.at("rules")) {
    if (!covers(rule, repository)) continue;
    for (const Json& json : rule.at("destinations")) {
      Destination destination{json.at("registryId").get<std::string>(),
                              json.at("region").get<std::string>()};
      const bool known = std::any_of(found.begin(), found.end(), [&](const Destination& other) {
        return other.account == destination.account && other.region == destination.region;
      });
      if (!known) found.push_back(std::move(destination));
    }
  }
  return found;
}

void enqueue_replication(const Core& core, storage::sql::Txn& txn,
                         const storage::Repository& repository, std::string_view digest,
                         std::string_view tag, base::TimePoint now) {
  // Several rules may name one destination: destinations_of() has each once. The key makes a second
  // push of the same image and tag replace the job that still waits.
  const Json rules = configuration(txn, repository.account, repository.region);
  for (const Destination& to : destinations_of(rules, repository.name)) {
    const CopyJob job{repository.account,  repository.region, repository.name,
                      std::string(digest), std::string(tag),  to};
    storage::put_image_replication(txn, repository.id, digest,
                                   {to.account, to.region, kInProgress, ""});
    const Json payload = to_json(job);
    enqueue_job(core, txn, kReplication.kind, payload, now, payload.dump());
  }
}

// ECR sends the event in the destination's account and region (ECR User Guide, "Amazon ECR events
// and EventBridge").
void run_replication(JobAttempt& attempt) {
  const CopyJob job = read_payload(attempt.payload);
  const std::string failure = copy(attempt, job);
  storage::sql::Txn& txn = attempt.begin().txn;
  const auto source = storage::find_repository(txn, job.account, job.region, job.repository);
  if (!source || !storage::find_image(txn, source->id, job.digest)) return;  // it went meanwhile
  storage::put_image_replication(
      txn, source->id, job.digest,
      {job.to.account, job.to.region, failure.empty() ? kComplete : kFailed, failure});
  record_event(attempt.services, txn, attempt.now,
               replication_event(destination_of(job), job.digest, job.tag, job.account, job.region,
                                 failure.empty()));
}

}  // namespace ecr::api::replication
