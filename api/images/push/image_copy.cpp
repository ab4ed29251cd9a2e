#include "api/images/push/image_copy.h"

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "api/core/access/gate.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/target.h"
#include "api/core/background/jobs.h"
#include "api/core/wire/error.h"
#include "api/images/image_walk.h"
#include "api/images/images.h"
#include "api/images/repository_creation.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"

namespace ecr::api::replication {
namespace {

using storage::sql::Access;

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
  CopyStep(const Services& services, storage::sql::Txn& txn, base::TimePoint now,
           const ImageCopy& copy)
      : copy_(copy),
        http_(background_request(services)),
        caller_(service_role(services, copy.from)),
        request_{services, txn, http_, caller_, copy.to, now, note_} {}

  // Throws ApiError where the destination refuses an image; `at` is the digest of that one.
  void run(const storage::Repository& source,
           const std::vector<std::unique_ptr<LoadedManifest>>& images, model::Digest& at) {
    at = images.front()->sent.digest;
    const storage::Repository destination = require_destination();
    for (const auto& image : images) {
      at = image->sent.digest;
      put_copy(source, destination, image->sent);
    }
  }

 private:
  void authorize_action(std::string_view action, const storage::Repository* destination) {
    const auto target_with = [&](const storage::Repository* repository) {
      return make_repository_target(request_, action, request_.registry, copy_.repository,
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
    auto found = storage::find_repository(request_.txn, copy_.to, copy_.repository);
    // In the own account the role's policy is enough. Another account's registry policy must allow
    // ecr:ReplicateImage, and ecr:CreateRepository too where the repository is missing.
    authorize_action("ecr:ReplicateImage", found ? &*found : nullptr);
    if (found) return std::move(*found);
    authorize_action("ecr:CreateRepository", nullptr);
    const RepositoryKey wanted{copy_.to, copy_.repository};
    const auto as = creation::find_template(request_.txn, wanted.registry, wanted.name,
                                            creation::Reason::kReplication);
    return creation::create_repository(request_.core, request_.txn, wanted, as, request_.now);
  }

  // The tag that the copy gets: none where it has moved on meanwhile (the later push has a job of
  // its own), and none where the destination's tag may not move. The images that an index names are
  // copied without tags.
  std::string tag_for(const storage::Repository& source, const storage::Repository& destination,
                      const model::Digest& digest) {
    if (copy_.tag.empty() || digest != copy_.digest) return {};
    if (storage::find_tag(request_.txn, source.id, copy_.tag) != digest) return {};
    const auto there = storage::find_tag(request_.txn, destination.id, copy_.tag);
    const bool clashes = there && *there != digest && !tag_may_move(destination, copy_.tag);
    return clashes ? std::string() : copy_.tag;
  }

  // Blobs are not copied: both repositories name the same files.
  void put_copy(const storage::Repository& source, const storage::Repository& destination,
                const SentManifest& sent) {
    for (const Descriptor& blob : sent.manifest.blobs) {
      const auto size = storage::find_blob(request_.txn, source.id, blob.digest);
      if (size) {
        storage::add_blob(request_.txn, destination.id, blob.digest, *size, request_.now);
      }
    }
    put_image(request_.txn, destination, sent, tag_for(source, destination, sent.digest),
              request_.now);
  }

  const ImageCopy& copy_;
  const HttpRequest http_;
  const Caller caller_;
  LogNote note_;  // its decisions are in their log; no access log has a line of them
  const Request request_;
};

// The image and all that it names, in the order in which they are copied: put_image() refuses an
// index without its images. Empty: the repository or the image is gone.
std::vector<model::Digest> images_to_copy(storage::Store& store, const ImageCopy& copy) {
  auto txn = store.database().begin(Access::kRead);
  const auto source = storage::find_repository(txn, copy.from, copy.repository);
  if (!source || !storage::find_image(txn, source->id, copy.digest)) return {};
  return children_first(copy.digest, kMaxWalkedImages, [&](const model::Digest& digest) {
    return storage::image_children(txn, source->id, digest);
  });
}

std::unique_ptr<LoadedManifest> load_source(storage::Store& store, const ImageCopy& copy,
                                            const model::Digest& digest) {
  auto txn = store.database().begin(Access::kRead);
  const auto source = storage::find_repository(txn, copy.from, copy.repository);
  if (!source) return nullptr;
  const auto image = storage::find_image(txn, source->id, digest);
  auto text = storage::image_manifest(txn, source->id, digest);
  if (!image || !text) return nullptr;
  return std::make_unique<LoadedManifest>(std::move(*text), image->media_type, digest);
}

// A failure in the middle leaves images without the index that names them, as a push that breaks
// off does; the next attempt finds them there.
void copy_images(const Services& services, base::TimePoint now, const ImageCopy& copy,
                 model::Digest& at) {
  storage::Store& store = services.store;
  ManifestSteps steps(images_to_copy(store, copy), [&](const model::Digest& digest) {
    return load_source(store, copy, digest);
  });
  for (auto images = steps.next(); !images.empty(); images = steps.next()) {
    if (services.job_signal.stopping()) throw std::runtime_error("the server is stopping");
    auto txn = store.database().begin(Access::kWrite);
    const auto source = storage::find_repository(txn, copy.from, copy.repository);
    if (!source) return;
    CopyStep(services, txn, now, copy).run(*source, images, at);
    txn.commit(storage::sql::Durability::kRelaxed);
  }
}

}  // namespace

CopyFailure copy_image(const Services& services, base::TimePoint now, const ImageCopy& copy) {
  model::Digest at = copy.digest;
  try {
    copy_images(services, now, copy, at);
  } catch (const ApiError& error) {  // the destination's refusal ends the copy, not the runner
    return {std::string(names_of(error.code()).json_type), at != copy.digest};
  }
  return {};
}

}  // namespace ecr::api::replication
