#include "api/images/replication/replicate.h"

#include <nlohmann/json.hpp>

#include "api/core/access/gate.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/core/work/events.h"
#include "api/images/creation/creation.h"
#include "api/images/images.h"
#include "api/images/replication/configuration.h"
#include "schemas/base/text.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::replication {
namespace {

using storage::sql::Access;

constexpr const char* kInProgress = "IN_PROGRESS";
constexpr const char* kComplete = "COMPLETE";
constexpr const char* kFailed = "FAILED";

// What a job is about.
struct Order {
  std::string account;
  std::string region;
  std::string repository;
  std::string digest;
  std::string tag;  // empty: none
  Destination to;
};

Json to_json(const Order& order) {
  return {{"account", order.account},   {"region", order.region}, {"repository", order.repository},
          {"digest", order.digest},     {"tag", order.tag},       {"toAccount", order.to.account},
          {"toRegion", order.to.region}};
}

Order order_of(const Json& payload) {
  const auto text = [&](const char* name) { return payload.at(name).get<std::string>(); };
  return {text("account"), text("region"), text("repository"),
          text("digest"),  text("tag"),    {text("toAccount"), text("toRegion")}};
}

// The role that ECR replicates with. Its permissions policy lets it create repositories and
// replicate images anywhere; what another account's registry policy says is up to that account.
// Service-linked roles are exempt from service control policies.
Caller service_role(const Services& services, const std::string& account) {
  Caller caller;
  caller.principal.kind = auth::iam::PrincipalKind::kRoleSession;
  caller.principal.account = account;
  caller.principal.issuer = base::format(
      "arn:aws:iam::{}:role/aws-service-role/replication.ecr.amazonaws.com/"
      "AWSServiceRoleForECRReplication",
      account);
  caller.principal.arn = base::format(
      "arn:aws:sts::{}:assumed-role/AWSServiceRoleForECRReplication/ecr-replication", account);
  caller.account = account;
  caller.identity.push_back(root_policy(services));
  return caller;
}

// One destination in one transaction: what the service role may do there, and the copying.
class Copy {
 public:
  Copy(const JobCall& call, storage::sql::Txn& txn, const Order& order)
      : services_(call.services), txn_(txn), order_(order), now_(call.now) {
    request_.id = base::make_uuid(call.services.random);
  }

  // Throws ApiError where the destination refuses the image.
  void run(const storage::Repository& source) {
    const storage::Repository destination = require_destination();
    copy_image(source, destination, order_.digest, tag_for(source, destination));
  }

 private:
  void authorize_action(std::string_view action, const storage::Repository* destination) {
    const Target target = make_repository_target(services_, txn_, action, order_.to.account,
                                                 order_.to.region, order_.repository, destination);
    LogNote ignored;
    authorize(services_, service_role(services_, order_.account),
              {txn_, request_, order_.to.region, now_}, {target}, ignored);
  }

  storage::Repository require_destination() {
    auto found =
        storage::find_repository(txn_, order_.to.account, order_.to.region, order_.repository);
    authorize_action("ecr:ReplicateImage", found ? &*found : nullptr);
    if (found) return std::move(*found);
    authorize_action("ecr:CreateRepository", nullptr);
    const creation::NewRepository wanted{order_.to.account, order_.to.region, order_.repository};
    const auto as = creation::find_template(txn_, wanted.account, wanted.region, wanted.name,
                                            creation::Reason::kReplication);
    return creation::create_repository(services_, txn_, wanted, as, now_);
  }

  // The tag that the copy gets: none where it has moved on meanwhile (the later push has a job of
  // its own), and none where the destination's tag may not move.
  std::string tag_for(const storage::Repository& source, const storage::Repository& destination) {
    if (order_.tag.empty()) return {};
    if (storage::find_tag(txn_, source.id, order_.tag) != order_.digest) return {};
    const auto there = storage::find_tag(txn_, destination.id, order_.tag);
    const bool clashes = there && *there != order_.digest && !tag_may_move(destination, order_.tag);
    return clashes ? std::string() : order_.tag;
  }

  // With the images that an index names, first.
  void copy_image(const storage::Repository& source, const storage::Repository& destination,
                  const std::string& digest, const std::string& tag) {
    const auto image = storage::find_image(txn_, source.id, digest);
    const auto text = storage::image_manifest(txn_, source.id, digest);
    if (!image || !text) return;
    const Manifest manifest = parse_manifest(*text, image->media_type);
    for (const Descriptor& child : manifest.manifests) {
      copy_image(source, destination, child.digest, "");
    }
    for (const Descriptor& blob : manifest.blobs) {
      const auto size = storage::find_blob(txn_, source.id, blob.digest);
      const auto name = model::Digest::parse(blob.digest);
      if (size && name) storage::add_blob(txn_, destination.id, *name, *size, now_);
    }
    put_image(txn_, destination, read_sent(*text, image->media_type, digest), tag, now_);
  }

  const Services& services_;
  storage::sql::Txn& txn_;
  const Order& order_;
  base::TimePoint now_;
  HttpRequest request_;  // of nobody: it only has an id, for the log of decisions
};

// The failure's code, empty where there is none. AWS publishes no list of ReplicationError codes:
// the API's own error names stand here.
std::string copy(const JobCall& call, const Order& order) {
  auto txn = call.services.store.database().begin(Access::kWrite);
  const auto source = storage::find_repository(txn, order.account, order.region, order.repository);
  if (!source) return {};
  try {
    Copy(call, txn, order).run(*source);
  } catch (const ApiError& error) {  // the destination's refusal ends the job, not the runner
    return std::string(names_of(error.code()).json_type);
  }
  txn.commit();
  return {};
}

storage::Repository destination_of(const Order& order) {
  storage::Repository destination;
  destination.account = order.to.account;
  destination.region = order.to.region;
  destination.name = order.repository;
  return destination;
}

}  // namespace

void image_arrived(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, std::string_view digest,
                   std::string_view tag, base::TimePoint now) {
  const Json rules = configuration(txn, repository.account, repository.region);
  for (const Destination& to : destinations_of(rules, repository.name)) {
    const Order order{repository.account,  repository.region, repository.name,
                      std::string(digest), std::string(tag),  to};
    storage::put_image_replication(txn, repository.id, digest,
                                   {to.account, to.region, kInProgress, ""});
    const Json payload = to_json(order);
    enqueue_job(services, txn, kReplication.kind, payload, now, payload.dump());
  }
}

void run_replication(JobCall& call) {
  const Order order = order_of(call.payload);
  const std::string failure = copy(call, order);
  storage::sql::Txn& txn = call.begin();
  const auto source = storage::find_repository(txn, order.account, order.region, order.repository);
  if (!source || !storage::find_image(txn, source->id, order.digest)) return;  // it went meanwhile
  storage::put_image_replication(
      txn, source->id, order.digest,
      {order.to.account, order.to.region, failure.empty() ? kComplete : kFailed, failure});
  record_event(call.services, txn, call.now,
               replication_event(destination_of(order), order.digest, order.tag, order.account,
                                 order.region, failure.empty()));
}

}  // namespace ecr::api::replication
