// GET, HEAD, PUT and DELETE of a manifest by tag or digest. Sources: OCI distribution-spec,
// "Pulling manifests", "Pushing Manifests", "Deleting tags"; ECR's deviations are those of
// --strict-ecr.
#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/images/images.h"
#include "api/images/push/push.h"
#include "api/registry/calls.h"
#include "api/registry/conditions.h"
#include "api/registry/handlers.h"
#include "api/registry/pull_through.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"

namespace ecr::api::registry {
namespace {

ApiError unknown_image() { return {ErrorCode::kImageNotFound, "Requested image not found"}; }

// A reference that is neither a digest nor a valid tag. No image can have such a tag, so a read
// answers "not found", as the specification's tests want it. ECR calls it invalid (rules_oci issue
// 720; test ATagThatIsNoneIsInvalid), and a push of it is invalid everywhere.
ImageIdentifier parse_reference(const RegistryRequest& request) {
  const std::string& reference = request.route.reference;
  if (reference.find(':') != std::string::npos) {
    auto digest = model::Digest::parse(reference);
    if (!digest) throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
    return {std::move(digest), ""};
  }
  if (model::is_tag(reference)) return {std::nullopt, reference};
  if (request.http.method != "PUT" && !request.core.settings.strict_ecr) {
    throw unknown_image();
  }
  throw ApiError(ErrorCode::kTagNameInvalid, "The tag is not valid");
}

// An image that an index names stays as long as the index does: the rule of BatchDeleteImage, with
// ECR's sentence (test AChildGoesAfterItsIndex).
void refuse_referenced(RegistryRequest& request, const storage::Repository& repository,
                       const model::Digest& digest) {
  const auto parents = storage::image_parents(request.txn, repository.id, digest);
  if (parents.empty()) return;
  throw ApiError(ErrorCode::kImageInUse,
                 base::format("Requested image referenced by manifest list: [{}]",
                              base::join(model::texts_of(parents), ", ")));
}

// The tags that a push by digest asks for: "?tag=1&tag=2" (OCI distribution-spec, "Pushing
// Manifests"). A push by tag that names more is neither of the two forms, and refused: a tag that
// is not set must not look set.
std::vector<std::string> requested_tags(const RegistryRequest& request, const ImageIdentifier& id) {
  auto tags = query_values(request.http.query(), "tag");
  if (!id.tag.empty() && !tags.empty()) {
    throw ApiError(ErrorCode::kTagNameInvalid,
                   "The parameter tag belongs to a push by digest, and this is one by tag");
  }
  if (!id.tag.empty()) return {id.tag};
  for (const std::string& tag : tags) {
    if (!model::is_tag(tag)) throw ApiError(ErrorCode::kTagNameInvalid, "The tag is not valid");
  }
  if (tags.empty()) tags.emplace_back();
  return tags;
}

// ECR refuses a push to an immutable tag even where the tag has that digest already
// (containers-roadmap issue 2179; test AnImmutableTagRefusesEvenItsOwnDigest). By default the same
// push again is fine (test PushingTheSameAgainIsFine).
void refuse_unchanged(const RegistryRequest& request, const storage::Repository& repository,
                      const PutImageResult& result, const std::string& tag) {
  if (!request.core.settings.strict_ecr || tag.empty() || !result.unchanged) return;
  if (!tag_may_move(repository, tag)) {
    throw ApiError::image_tag_already_exists(repository.name, tag);
  }
}

// Every tag that a push asks for is a PutImage. The manifest is twice in the record, as in the
// guide's sample (from memory); a large one is left out, as the log does not hold it in memory.
class PutImageCalls {
 public:
  explicit PutImageCalls(const RegistryRequest& request)
      : account_(request.registry.account), repository_(request.route.name_text()) {
    if (request.http.body.size() <= kMaxRecordedElement) {
      manifest_ = std::make_shared<const std::string>(request.http.body);
    }
  }

  void begin(LogNote& note, const std::string& tag) const {
    note.begin_call("PutImage", [call = *this, tag] {
      Json input = call.members();
      if (!tag.empty()) input["imageTag"] = tag;
      return input;
    });
  }

  void end(LogNote& note, const std::string& tag, const model::Digest& digest) const {
    note.end_call([call = *this, tag, digest] {
      Json image = call.members();
      image["imageId"] = {{"imageDigest", digest.text()}};
      if (!tag.empty()) image["imageId"]["imageTag"] = tag;
      return Json{{"image", std::move(image)}};
    });
  }

 private:
  Json members() const {
    Json members = repository_members(account_, repository_);
    if (manifest_) members["imageManifest"] = *manifest_;
    return members;
  }

  std::string account_;
  std::string repository_;
  std::shared_ptr<const std::string> manifest_;  // null: too large for a record
};

void begin_deletion_call(const RegistryRequest& request) {
  request.note.begin_call("BatchDeleteImage",
                          [account = request.registry.account, route = request.route] {
                            Json input = repository_members(account, route.name_text());
                            input["imageIds"] = Json::array({image_id(route.reference)});
                            return input;
                          });
}

// `tags`: those that the image lost; empty: it had none.
void end_deletion_call(LogNote& note, const model::Digest& digest,
                       const std::vector<std::string>& tags) {
  note.end_call([digest, tags] {
    Json deleted = Json::array();
    for (const std::string& tag : tags) {
      deleted.push_back({{"imageDigest", digest.text()}, {"imageTag", tag}});
    }
    if (tags.empty()) deleted.push_back({{"imageDigest", digest.text()}});
    return Json{{"imageIds", std::move(deleted)}, {"failures", Json::array()}};
  });
}

void record_deletion(RegistryRequest& request, const storage::Repository& repository,
                     const storage::Image& image, std::string_view tag) {
  record_event(request.core, request.txn, request.now,
               push_or_delete_event(repository, ImageAction::kDelete, image, tag), request.http.id);
}

const SentManifest& sent_manifest(const RegistryRequest& request) {
  try {
    const SentManifest& sent = std::any_cast<const EarlyManifest&>(request.decoded).get();
    if (request.core.settings.strict_ecr) require_plain_types(sent.manifest);
    return sent;
  } catch (const ApiError& error) {
    // ECR answers 405 UNSUPPORTED with this sentence to every manifest that it does not understand
    // (containers-roadmap issue 2783; test ABadManifestIsUnsupported).
    if (error.code() != ErrorCode::kManifestInvalid || !request.core.settings.strict_ecr) throw;
    throw ApiError(ErrorCode::kUnsupported,
                   ApiError::invalid_parameter("ImageManifest", "Invalid JSON syntax").message());
  }
}

// A push with several tags is one PutImage for each of them.
PutImageResult put_one(RegistryRequest& request, const storage::Repository& repository,
                       const SentManifest& sent, const std::string& tag) {
  PutImageResult result = push_image(request, repository, sent, tag);
  refuse_unchanged(request, repository, result, tag);
  return result;
}

// The bytes and the media type are those of the push, whatever the Accept header says: a digest
// would not fit a translated manifest.
HttpResponse manifest_response(const RegistryRequest& request, const model::Digest& digest,
                               const std::string& media_type, std::string bytes) {
  if (auto answer = answer_conditions(request.http, digest)) return std::move(*answer);
  HttpResponse response;
  response.set("Content-Type", media_type);
  // ECR leaves it out of a GET's answer (containers-roadmap issue 1931; test
  // AGetOfAManifestHasNoDigest).
  if (!request.core.settings.strict_ecr || request.http.method == "HEAD") {
    response.set("Docker-Content-Digest", digest.text());
  }
  response.set("ETag", entity_tag(digest));
  response.body = std::move(bytes);
  return response;
}

}  // namespace

// In this order: permission, repository, reference, image. A repository that does not exist may be
// one that a pull-through cache rule covers: then the upstream is asked before anything is missing.
HttpResponse get_manifest(RegistryRequest& request) {
  begin_manifest_read(request);
  const auto repository = request.authorize_name({"ecr:BatchGetImage"});
  const auto missing = [&] {
    return ApiError::repository_not_found(request.registry.account, request.require_name());
  };
  if (!repository && !may_be_imported(request)) throw missing();
  const ImageIdentifier id = parse_reference(request);
  const pull_through::Lookup found =
      pull_through::look_up(request.services, request.txn, repository_key(request.head),
                            repository ? &*repository : nullptr, id, request.now);
  if (found.query) ask_upstream(request, *found.query);
  if (found.pending) {
    return manifest_response(request, found.pending->digest, found.pending->media_type,
                             found.pending->manifest);
  }
  if (!repository) throw missing();
  if (!found.stored) throw unknown_image();
  const auto image = request.find_image(*found.stored);
  // An archived image is not pulled: its answer is that of an image that does not exist.
  if (image->status != storage::ImageStatus::kActive) throw unknown_image();
  HttpResponse response = manifest_response(
      request, image->digest, image->media_type,
      storage::image_manifest(request.txn, repository->id, image->digest).value_or(""));
  // A HEAD is no pull, nor is a GET whose client has the manifest already (inferred). The time of
  // the pull is written after this read transaction.
  if (request.http.method == "GET" && response.status == 200) {
    request.txn.on_commit(record_pulls(request, *repository, {*image}));
  }
  return response;
}

std::any decode_manifest(const HttpRequest& request, const Route& route) {
  const bool by_digest = route.reference.find(':') != std::string::npos;
  return EarlyManifest(request.body, request.headers.get("content-type"),
                       by_digest ? std::string_view(route.reference) : std::string_view());
}

// 201 for a new image and for one that is there. The repository may be created by this push (ECR
// User Guide, repository creation templates).
HttpResponse put_manifest(RegistryRequest& request) {
  const PutImageCalls calls(request);
  const bool by_digest = request.route.reference.find(':') != std::string::npos;
  calls.begin(request.note, by_digest ? "" : request.route.reference);
  const storage::Repository repository = request.authorize_push({"ecr:PutImage"});
  const ImageIdentifier id = parse_reference(request);
  const std::vector<std::string> tags = requested_tags(request, id);
  const SentManifest& sent = sent_manifest(request);
  // "If-None-Match: *": only where the tag or digest is new; "If-Match": only where it is still the
  // image that the client read (test APushWithAConditionIsAllOrNothing).
  require_conditions(request.http, resolve_image(request.txn, repository.id, id));
  std::optional<model::Digest> subject;
  for (const std::string& tag : tags) {
    subject = put_one(request, repository, sent, tag).image.subject;
  }
  // A push is all or nothing: one that failed is one call, one that succeeded a call for each tag.
  request.note.calls.clear();
  for (const std::string& tag : tags) {
    calls.begin(request.note, tag);
    calls.end(request.note, tag, sent.digest);
  }
  HttpResponse response;
  response.status = 201;
  response.set("Location",
               base::format("/v2/{}/manifests/{}", repository.name.text(), sent.digest.text()));
  response.set("Docker-Content-Digest", sent.digest.text());
  // OCI-Subject tells clients that they need not keep a list of referrers under a tag themselves
  // (OCI distribution-spec, "Pushing Manifests with Subject").
  if (subject) response.set("OCI-Subject", subject->text());
  if (id.tag.empty() && !tags.front().empty()) {
    response.set("OCI-Tag", base::format("{}", base::join(tags, ", ")));
  }
  return response;
}

HttpResponse delete_manifest(RegistryRequest& request) {
  begin_deletion_call(request);
  const storage::Repository repository = request.authorize_repository("ecr:BatchDeleteImage");
  const ImageIdentifier id = parse_reference(request);
  const auto digest = resolve_image(request.txn, repository.id, id);
  if (!digest) throw unknown_image();
  require_conditions(request.http, *digest);
  const auto image = storage::find_image(request.txn, repository.id, *digest);
  std::vector<std::string> tags = storage::image_tags(request.txn, repository.id, *digest);
  // The specification deletes a tag alone (test ATagIsDeletedAlone); ECR deletes the image with its
  // last tag (test AnImageGoesWithItsLastTag).
  const bool tag_alone = !id.tag.empty() && (!request.core.settings.strict_ecr || tags.size() > 1);
  if (tag_alone) {
    storage::delete_tag(request.txn, repository.id, id.tag);
    tags = {id.tag};
  } else {
    refuse_referenced(request, repository, *digest);
    storage::delete_image(request.txn, repository.id, *digest, request.now);
  }
  for (const std::string& tag : tags) record_deletion(request, repository, *image, tag);
  if (tags.empty()) record_deletion(request, repository, *image, "");
  end_deletion_call(request.note, *digest, tags);
  HttpResponse response;
  response.status = 202;
  return response;
}

}  // namespace ecr::api::registry
