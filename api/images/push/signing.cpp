#include "api/images/push/signing.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/images/images.h"
#include "auth/notation.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/os/error.h"
#include "storage/rows/blobs.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"
#include "storage/rows/server_state.h"

namespace ecr::api::signing {
namespace {

using base::Json;
using storage::sql::Access;

// The row's name. It is none of the account settings' names, which share the table.
constexpr std::string_view kSetting = "signing-configuration";

bool is_about(const Rule& rule, const model::RepositoryName& repository) {
  return rule.filters.empty() ||
         std::any_of(rule.filters.begin(), rule.filters.end(), [&](const std::string& filter) {
           return base::wildcard_matches(filter, repository.text());
         });
}

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kSignatureType = "application/vnd.cncf.notary.signature";
constexpr const char* kEnvelopeType = "application/jose+json";
constexpr const char* kEmptyType = "application/vnd.oci.empty.v1+json";

struct Work {
  storage::Repository repository;
  storage::Image image;
  std::string profile;
  std::int64_t manifest_bytes = 0;
};

std::optional<Work> work_of(JobAttempt& attempt) {
  const auto id = attempt.payload.at("repository").get<std::int64_t>();
  const auto digest = digest_of(attempt.payload);
  auto txn = attempt.services.store.database().begin(Access::kRead);
  auto repository = storage::find_repository(txn, id);
  auto image = storage::find_image(txn, id, digest);
  const auto manifest = storage::image_manifest(txn, id, digest);
  if (!repository || !image || !manifest) return std::nullopt;
  return Work{std::move(*repository), std::move(*image),
              attempt.payload.at("profile").get<std::string>(),
              static_cast<std::int64_t>(manifest->size())};
}

// The key of this server, made when it is first needed.
auth::SigningIdentity identity_of(const Core& core, base::TimePoint now) {
  auto txn = core.store.database().begin(Access::kWrite);
  if (auto key = storage::signing_key(txn)) {
    return {std::move(key->private_key), std::move(key->certificate)};
  }
  auth::SigningIdentity identity = auth::make_signing_identity(now);
  storage::insert_signing_key(txn, {identity.private_key, identity.certificate});
  txn.commit();
  return identity;
}

// Stores the bytes as a blob file; the caller adds its row (the file must be there before the row).
model::Digest keep_blob(const Core& core, std::string_view bytes) {
  const model::Digest digest = model::Digest::of(bytes);
  if (core.store.blobs().open(digest)) return digest;
  auto upload = core.store.uploads().acquire(base::make_uuid(core.random), digest.algorithm());
  upload->writer().append(bytes);
  core.store.blobs().commit(upload->id(), upload->writer(), digest);
  upload->finish();
  return digest;
}

void add_blob(const Core& core, storage::sql::Txn& txn, std::int64_t repository,
              const model::Digest& digest, std::size_t size, base::TimePoint now) {
  // Garbage collection may have taken the file since keep_blob(). While this write transaction is
  // open it cannot: the collector needs one, too.
  if (!core.store.blobs().open(digest)) {
    throw storage::StorageError(storage::StorageError::Kind::kUnavailable,
                                "blob " + digest.text() + " went away; try again");
  }
  if (storage::find_blob(txn, repository, digest)) return;
  storage::add_blob(txn, repository, digest, static_cast<std::int64_t>(size), now);
}

// Notary Project, "OCI signatures": an OCI manifest with an empty config, the envelope as its one
// layer, and the image as its subject, so that it is found as a referrer.
std::string signature_manifest(const Work& work, const auth::SigningIdentity& identity,
                               const model::Digest& config, const model::Digest& envelope,
                               std::size_t envelope_size, base::TimePoint now) {
  const std::string thumbprints =
      base::dump(Json::array({auth::certificate_thumbprint(identity.certificate)}));
  const Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"artifactType", kSignatureType},
      {"config", {{"mediaType", kEmptyType}, {"digest", config.text()}, {"size", 2}}},
      {"layers",
       Json::array(
           {{{"mediaType", kEnvelopeType}, {"digest", envelope.text()}, {"size", envelope_size}}})},
      {"subject",
       {{"mediaType", work.image.media_type},
        {"digest", work.image.digest.text()},
        {"size", work.manifest_bytes}}},
      {"annotations",
       {{"io.cncf.notary.x509chain.thumbprint#S256", thumbprints},
        {"com.amazonaws.signer.signingProfile", work.profile},
        {"org.opencontainers.image.created", base::format_iso8601(now)}}}};
  return base::dump(manifest);
}

Target signing_target(std::string_view profile, const std::string& account) {
  Target target;
  target.action = "signer:SignPayload";
  target.resource = profile;
  target.account = account;
  return target;
}

// "arn:aws:signer:us-east-1:123456789012:/signing-profiles/name": the model has checked it.
std::string account_of(const std::string& profile) {
  std::size_t at = 0;
  for (int i = 0; i < 4; ++i) at = profile.find(':', at) + 1;
  return profile.substr(at, profile.find(':', at) - at);
}

bool is_signed(storage::sql::Txn& txn, const storage::Repository& repository,
               const storage::Image& image, const std::string& profile) {
  const auto signings = storage::image_signings(txn, repository.id, image.digest);
  return std::any_of(signings.begin(), signings.end(), [&](const storage::ImageSigning& one) {
    return one.profile == profile && one.status != storage::WorkStatus::kFailed;
  });
}

}  // namespace

std::optional<std::vector<Rule>> configuration_of(storage::sql::Txn& txn,
                                                  const model::RegistryId& registry) {
  const auto text = storage::registry_setting(txn, registry, kSetting);
  if (!text) return std::nullopt;
  std::vector<Rule> rules;
  for (const Json& rule : Json::parse(*text)) {
    rules.push_back({rule.at("profile").get<std::string>(),
                     rule.at("filters").get<std::vector<std::string>>()});
  }
  return rules;
}

void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const std::optional<std::vector<Rule>>& rules) {
  if (!rules) return storage::remove_registry_setting(txn, registry, kSetting);
  Json json = Json::array();
  for (const Rule& rule : *rules) {
    json.push_back({{"profile", rule.profile}, {"filters", rule.filters}});
  }
  storage::set_registry_setting(txn, registry, kSetting, base::dump(json));
}

// Several rules may name one profile: an image gets one signature of each profile.
std::vector<std::string> profiles_for(const std::vector<Rule>& rules,
                                      const model::RepositoryName& repository) {
  std::vector<std::string> profiles;
  for (const Rule& rule : rules) {
    if (!is_about(rule, repository)) continue;
    if (std::find(profiles.begin(), profiles.end(), rule.profile) == profiles.end()) {
      profiles.push_back(rule.profile);
    }
  }
  return profiles;
}

void run_image_signing(JobAttempt& attempt) {
  const auto work = work_of(attempt);
  if (!work) {
    attempt.begin();
    return;
  }
  const Core& core = attempt.services;
  const auth::SigningIdentity identity = identity_of(core, attempt.now);
  const std::string envelope = auth::notation_envelope(
      identity, {work->image.media_type, work->image.digest.text(), work->manifest_bytes},
      attempt.now);
  constexpr std::string_view kConfig = "{}";
  const model::Digest config_digest = keep_blob(core, kConfig);
  const model::Digest envelope_digest = keep_blob(core, envelope);
  const std::string manifest = signature_manifest(*work, identity, config_digest, envelope_digest,
                                                  envelope.size(), attempt.now);
  storage::sql::Txn& txn = attempt.begin().txn;
  const storage::Repository& repository = work->repository;
  // The image may have been deleted while the signature was made.
  if (!storage::find_image(txn, repository.id, work->image.digest)) return;
  add_blob(core, txn, repository.id, config_digest, kConfig.size(), attempt.now);
  add_blob(core, txn, repository.id, envelope_digest, envelope.size(), attempt.now);
  const PutImageResult put =
      put_image(txn, repository, read_sent_manifest(manifest, kManifestType, ""), "", attempt.now);
  // The signature arrives like a push, by no caller: it is not replicated or scanned here.
  record_event(core, txn, attempt.now,
               push_or_delete_event(repository, ImageAction::kPush, put.image, ""));
  storage::put_image_signing(txn, repository.id, work->image.digest,
                             {work->profile, storage::WorkStatus::kComplete});
}

void sign_pushed_image(const Request& request, const storage::Repository& repository,
                       const storage::Image& image) {
  // A signature is an artifact with a subject: signing those too would never end.
  if (image.subject) return;
  const auto rules = configuration_of(request.txn, repository.registry);
  if (!rules) return;
  for (const std::string& profile : profiles_for(*rules, repository.name)) {
    if (is_signed(request.txn, repository, image, profile)) continue;  // a new tag of the image
    const Target target = signing_target(profile, account_of(profile));
    // ECR signs with the permissions of the caller that pushed (ECR User Guide, "Managed signing"):
    // without signer:SignPayload the push succeeds and the signing status is FAILED.
    const bool enforced = request.core.settings.enforcement == Enforcement::kEnforce;
    if (enforced && !is_allowed(request, target)) {
      // ECR has published no list of failure codes: this one is inferred.
      storage::put_image_signing(request.txn, repository.id, image.digest,
                                 {profile, storage::WorkStatus::kFailed, "AccessDenied",
                                  "User: " + request.caller.principal.arn +
                                      " is not authorized to perform: signer:SignPayload on "
                                      "resource: " +
                                      profile});
      continue;
    }
    storage::put_image_signing(request.txn, repository.id, image.digest,
                               {profile, storage::WorkStatus::kInProgress});
    enqueue_job(
        request.core, request.txn, kImageSigning.kind,
        {{"repository", repository.id}, {"digest", image.digest.text()}, {"profile", profile}},
        request.now, std::to_string(repository.id) + " " + image.digest.text() + " " + profile);
  }
}

std::optional<std::string> signing_certificate(storage::sql::Txn& txn) {
  auto key = storage::signing_key(txn);
  return key ? std::optional(std::move(key->certificate)) : std::nullopt;
}

}  // namespace ecr::api::signing
