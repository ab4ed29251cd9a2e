// GET, HEAD, PUT and DELETE of a manifest by tag or digest. Sources: OCI distribution-spec,
// "Pulling manifests", "Pushing Manifests", "Deleting tags"; ECR's deviations are those of
// --strict-ecr.
#include "api/core/background/events.h"
#include "api/core/wire/error.h"
#include "api/images/images.h"
#include "api/images/push/push.h"
#include "api/registry/calls.h"
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
ImageIdentifier parse_reference(const Session& session) {
  const std::string& reference = session.route.reference;
  if (reference.find(':') != std::string::npos) {
    if (!model::Digest::parse(reference)) {
      throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
    }
    return {reference, ""};
  }
  if (model::is_tag(reference)) return {"", reference};
  if (session.request.method != "PUT" && !session.services.settings.strict_ecr) {
    throw unknown_image();
  }
  throw ApiError(ErrorCode::kTagNameInvalid, "The tag is not valid");
}

// An image that an index names stays as long as the index does: the rule of BatchDeleteImage, with
// ECR's sentence (test AChildGoesAfterItsIndex).
void refuse_referenced(Session& session, const storage::Repository& repository,
                       const std::string& digest) {
  const auto parents = storage::image_parents(session.txn, repository.id, digest);
  if (parents.empty()) return;
  throw ApiError(
      ErrorCode::kImageInUse,
      base::format("Requested image referenced by manifest list: [{}]", base::join(parents, ", ")));
}

// The tags that a push by digest asks for: "?tag=1&tag=2" (OCI distribution-spec, "Pushing
// Manifests").
std::vector<std::string> requested_tags(const Session& session, const ImageIdentifier& id) {
  if (!id.tag.empty()) return {id.tag};
  auto tags = query_values(session.request.query(), "tag");
  for (const std::string& tag : tags) {
    if (!model::is_tag(tag)) throw ApiError(ErrorCode::kTagNameInvalid, "The tag is not valid");
  }
  if (tags.empty()) tags.emplace_back();
  return tags;
}

// ECR refuses a push to an immutable tag even where the tag has that digest already
// (containers-roadmap issue 2179; test AnImmutableTagRefusesEvenItsOwnDigest). By default the same
// push again is fine (test PushingTheSameAgainIsFine).
void refuse_unchanged(const Session& session, const storage::Repository& repository,
                      const PutImageResult& result, const std::string& tag) {
  if (!session.services.settings.strict_ecr || tag.empty() || !result.unchanged) return;
  if (!tag_may_move(repository, tag)) {
    throw ApiError::image_tag_already_exists(repository.name, tag);
  }
}

// Every tag that a push asks for is a PutImage. The manifest is twice in the record, as in the
// guide's sample (from memory); a large one is left out, as the log does not hold it in memory.
class PutImageCalls {
 public:
  explicit PutImageCalls(const Session& session)
      : account_(session.credentials.account), repository_(session.route.name) {
    if (session.request.body.size() <= kMaxRecordedElement) {
      manifest_ = std::make_shared<const std::string>(session.request.body);
    }
  }

  void begin(LogNote& note, const std::string& tag) const {
    note.begin_call("PutImage", [call = *this, tag] {
      Json input = call.members();
      if (!tag.empty()) input["imageTag"] = tag;
      return input;
    });
  }

  void end(LogNote& note, const std::string& tag, const std::string& digest) const {
    note.end_call([call = *this, tag, digest] {
      Json image = call.members();
      image["imageId"] = {{"imageDigest", digest}};
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

void begin_deletion_call(const Session& session, LogNote& note) {
  note.begin_call("BatchDeleteImage",
                  [account = session.credentials.account, route = session.route] {
                    Json input = repository_members(account, route.name);
                    input["imageIds"] = Json::array({image_id(route.reference)});
                    return input;
                  });
}

// `tags`: those that the image lost; empty: it had none.
void end_deletion_call(LogNote& note, const std::string& digest,
                       const std::vector<std::string>& tags) {
  note.end_call([digest, tags] {
    Json deleted = Json::array();
    for (const std::string& tag : tags) {
      deleted.push_back({{"imageDigest", digest}, {"imageTag", tag}});
    }
    if (tags.empty()) deleted.push_back({{"imageDigest", digest}});
    return Json{{"imageIds", std::move(deleted)}, {"failures", Json::array()}};
  });
}

void record_deletion(Session& session, const storage::Repository& repository,
                     const storage::Image& image, std::string_view tag) {
  record_event(session.services, session.txn, session.now,
               push_or_delete_event(repository, ImageAction::kDelete, image, tag),
               session.request.id);
}

const SentManifest& sent_manifest(const Session& session) {
  try {
    return std::any_cast<const EarlyManifest&>(session.decoded).get();
  } catch (const ApiError& error) {
    // ECR answers 405 UNSUPPORTED with this sentence to every manifest that it does not understand
    // (containers-roadmap issue 2783; test ABadManifestIsUnsupported).
    if (error.code() != ErrorCode::kManifestInvalid || !session.services.settings.strict_ecr) throw;
    throw ApiError(ErrorCode::kUnsupported,
                   ApiError::invalid_parameter("ImageManifest", "Invalid JSON syntax").message());
  }
}

// A push with several tags is one PutImage for each of them.
PutImageResult put_one(Session& session, const storage::Repository& repository,
                       const SentManifest& sent, const std::string& tag) {
  PutImageResult result = put_image(session.txn, repository, sent, tag, session.now);
  refuse_unchanged(session, repository, result, tag);
  if (!result.unchanged) {
    follow_push(session.services, session.caller,
                {session.txn, session.request, session.credentials.region, session.now},
                {repository, result.image, tag});
  }
  return result;
}

// The bytes and the media type are those of the push, whatever the Accept header says: a digest
// would not fit a translated manifest.
HttpResponse manifest_response(const Session& session, const std::string& digest,
                               const std::string& media_type, std::string bytes) {
  HttpResponse response;
  response.set("Content-Type", media_type);
  // ECR leaves it out of a GET's answer (containers-roadmap issue 1931; test
  // AGetOfAManifestHasNoDigest).
  if (!session.services.settings.strict_ecr || session.request.method == "HEAD") {
    response.set("Docker-Content-Digest", digest);
  }
  response.set("ETag", '"' + digest + '"');
  response.body = std::move(bytes);
  return response;
}

}  // namespace

// In this order: permission, repository, reference, image. A repository that does not exist may be
// one that a pull-through cache rule covers: then the upstream is asked before anything is missing.
HttpResponse get_manifest(Session& session, LogNote& note) {
  begin_manifest_read(session, note);
  const auto repository = session.authorize_name({"ecr:BatchGetImage"}, note);
  const auto missing = [&] {
    return ApiError::repository_not_found(session.credentials.account, session.route.name);
  };
  if (!repository && !may_be_imported(session)) throw missing();
  const ImageIdentifier id = parse_reference(session);
  const pull_through::Lookup found =
      pull_through::look_up(session.services, session.txn, repository_key(session),
                            repository ? &*repository : nullptr, id, session.now);
  if (found.query) ask_upstream(session, *found.query, note);
  if (found.pending) {
    return manifest_response(session, found.pending->digest, found.pending->media_type,
                             found.pending->manifest);
  }
  if (!repository) throw missing();
  if (!found.stored) throw unknown_image();
  const auto image = session.find_image(*found.stored);
  // An archived image is not pulled: its answer is that of an image that does not exist.
  if (image->status != "ACTIVE") throw unknown_image();
  HttpResponse response = manifest_response(
      session, image->digest, image->media_type,
      storage::image_manifest(session.txn, repository->id, image->digest).value_or(""));
  // A HEAD is no pull. The time of the pull is written after this read transaction.
  if (session.request.method == "GET") {
    auto pulled = record_pulls(session.services, session.txn, session.caller, *repository, {*image},
                               session.now);
    if (pulled) session.after_commit.push_back(std::move(pulled));
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
HttpResponse put_manifest(Session& session, LogNote& note) {
  const PutImageCalls calls(session);
  calls.begin(
      note, session.route.reference.find(':') == std::string::npos ? session.route.reference : "");
  const storage::Repository repository = session.authorize_push({"ecr:PutImage"}, note);
  const ImageIdentifier id = parse_reference(session);
  const std::vector<std::string> tags = requested_tags(session, id);
  PutImageResult result;
  const SentManifest& sent = sent_manifest(session);
  for (const std::string& tag : tags) result = put_one(session, repository, sent, tag);
  // A push is all or nothing: one that failed is one call, one that succeeded a call for each tag.
  note.calls.clear();
  for (const std::string& tag : tags) {
    calls.begin(note, tag);
    calls.end(note, tag, result.image.digest);
  }
  HttpResponse response;
  response.status = 201;
  response.set("Location",
               base::format("/v2/{}/manifests/{}", repository.name, result.image.digest));
  response.set("Docker-Content-Digest", result.image.digest);
  // OCI-Subject tells clients that they need not keep a list of referrers under a tag themselves
  // (OCI distribution-spec, "Pushing Manifests with Subject").
  if (!result.image.subject.empty()) response.set("OCI-Subject", result.image.subject);
  if (id.tag.empty() && !tags.front().empty()) {
    response.set("OCI-Tag", base::format("{}", base::join(tags, ", ")));
  }
  return response;
}

HttpResponse delete_manifest(Session& session, LogNote& note) {
  begin_deletion_call(session, note);
  const storage::Repository repository = session.authorize_repository("ecr:BatchDeleteImage", note);
  const ImageIdentifier id = parse_reference(session);
  const auto digest = resolve_image(session.txn, repository.id, id);
  if (!digest) throw unknown_image();
  const auto image = storage::find_image(session.txn, repository.id, *digest);
  std::vector<std::string> tags = storage::image_tags(session.txn, repository.id, *digest);
  // The specification deletes a tag alone (test ATagIsDeletedAlone); ECR deletes the image with its
  // last tag (test AnImageGoesWithItsLastTag).
  const bool tag_alone =
      !id.tag.empty() && (!session.services.settings.strict_ecr || tags.size() > 1);
  if (tag_alone) {
    storage::delete_tag(session.txn, repository.id, id.tag);
    tags = {id.tag};
  } else {
    refuse_referenced(session, repository, *digest);
    storage::delete_image(session.txn, repository.id, *digest, session.now);
  }
  for (const std::string& tag : tags) record_deletion(session, repository, *image, tag);
  if (tags.empty()) record_deletion(session, repository, *image, "");
  end_deletion_call(note, *digest, tags);
  HttpResponse response;
  response.status = 202;
  return response;
}

}  // namespace ecr::api::registry
