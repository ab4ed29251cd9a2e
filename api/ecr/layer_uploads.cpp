// InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload: a layer in parts. The uploads are
// those of the registry plane: an upload that was begun on one plane may go on and end on the other
// (test AnUploadBegunByDockerGoesOnHere).
#include "api/ecr/layer_uploads.h"

#include <map>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/manifest.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/collector.h"
#include "storage/rows/repositories.h"
#include "storage/rows/uploads.h"

namespace ecr::api::ecr {
namespace {

using storage::UploadSessions;
using storage::sql::Access;
using storage::sql::Durability;

struct UploadCall {
  storage::Repository repository;
  std::string id;
};

// The sentences of the errors in this file are not published; their types and members are.
ApiError upload_not_found(const UploadCall& upload) {
  return {
      ErrorCode::kBlobUploadUnknown,
      base::format("The upload with id '{}' does not exist in the repository with name '{}' in "
                   "the registry with id '{}'",
                   upload.id, upload.repository.name.text(), upload.repository.registry.account)};
}

// An upload belongs to the principal and the repository that it was begun for. To every other
// caller it does not exist: the error is the same as for an unknown id.
UploadCall require_upload(const ApiRequest& request, const storage::Repository& repository) {
  // Upload ids are UUIDs. They are stored in lower case; the model allows upper case too.
  UploadCall upload{repository, base::to_lower(text_member(request.input, "uploadId"))};
  const auto found = storage::find_upload(request.txn, upload.id);
  if (!found || found->repository != upload.repository.id ||
      found->principal != lasting_id(request.caller)) {
    throw upload_not_found(upload);
  }
  return upload;
}

Json upload_json(const UploadCall& upload) {
  return {{"registryId", upload.repository.registry.account},
          {"repositoryName", upload.repository.name.text()},
          {"uploadId", upload.id}};
}

// partSize is 10 MiB, the quota for a part; the API model alone would allow 20 MiB.
Json initiate(ApiRequest& request, const PushedRepository& pushed) {
  const storage::Repository repository = pushed.require(request);
  const storage::Upload upload{base::make_uuid(request.core.random), repository.id,
                               lasting_id(request.caller), request.now};
  storage::insert_upload(request.txn, upload);
  return {{"uploadId", upload.id}, {"partSize", kMaxLayerPart}};
}

// InvalidLayerPartException has members beside its message (ECR API Reference). `received`: bytes
// that the upload has; lastValidByteReceived tells the client where to go on, and is left out where
// there is no byte yet (test APartMustFollowTheOneBefore).
ApiError invalid_part(const UploadCall& upload, std::uint64_t received, std::string message) {
  ApiError error = ApiError(ErrorCode::kInvalidLayerPart, std::move(message))
                       .with_member("registryId", upload.repository.registry.account)
                       .with_member("repositoryName", upload.repository.name.text())
                       .with_member("uploadId", upload.id);
  if (received == 0) return error;
  return std::move(error).with_member("lastValidByteReceived",
                                      static_cast<std::int64_t>(received - 1));
}

void check_part(const ApiRequest& request, const UploadCall& upload, std::uint64_t received,
                std::uint64_t size) {
  const LayerPart part{request.input.at("partFirstByte").get<std::uint64_t>(),
                       request.input.at("partLastByte").get<std::uint64_t>(), size};
  const auto verdict =
      judge_part(part, received, storage::upload_parts(request.txn, upload.id).count);
  if (const auto* invalid = std::get_if<PartIsInvalid>(&verdict)) {
    throw invalid_part(upload, received, invalid->why);
  }
  if (const auto* too_large = std::get_if<LayerIsTooLarge>(&verdict)) {
    throw ApiError(ErrorCode::kLimitExceeded, too_large->why);
  }
}

// The bytes are written before the row counts them, so that every counted part is there. The
// operation's own transaction only reads: other requests may write to the database while the part's
// bytes go to the disk. The row is written by a short transaction of its own, and not made durable:
// a power loss takes the upload, which has not been acknowledged as a layer.
Json upload_part(ApiRequest& request, const storage::Repository& repository) {
  const UploadCall upload = require_upload(request, repository);
  const auto bytes =
      base::base64_decode(request.input.at("layerPartBlob").get_ref<const std::string&>());
  auto lease = request.core.store.uploads().acquire(upload.id, model::DigestAlgorithm::kSha256);
  if (!lease) throw invalid_part(upload, 0, "Another request is writing to this upload");
  storage::UploadWriter& writer = lease->writer();
  check_part(request, upload, writer.size(), bytes->size());
  writer.append(*bytes);
  storage::sql::Txn txn = request.core.store.database().begin(Access::kWrite);
  if (!storage::add_upload_part(txn, upload.id, bytes->size() < kMinLayerPart, request.now)) {
    lease->finish();  // the upload ended while this request ran
    throw upload_not_found(upload);
  }
  txn.commit(Durability::kRelaxed);
  Json output = upload_json(upload);
  output["lastByteReceived"] = writer.size() - 1;
  return output;
}

void delete_upload(const ApiRequest& request, UploadSessions::Lease& lease) {
  storage::sql::Txn txn = request.core.store.database().begin(Access::kWrite);
  storage::delete_upload(txn, lease.id());
  txn.commit(Durability::kRelaxed);
  lease.finish();
}

// layerDigests is a list. Each digest in it must be the layer's (test
// EveryDigestMustBeThatOfTheLayer); the first one becomes the layer's name. The layer is read once
// for each algorithm, however many digests are given. A digest of other bytes ends the upload, as
// it does on the registry plane (test AWrongDigestEndsTheUpload); text that is no digest, or one of
// an unknown algorithm, does not.
model::Digest verify_digests(const ApiRequest& request, UploadSessions::Lease& lease) {
  storage::UploadWriter& writer = lease.writer();
  std::vector<model::Digest> digests;
  std::map<model::DigestAlgorithm, model::Digest> actual;
  const auto matches = [&](const model::Digest& digest) {
    auto found = actual.find(digest.algorithm());
    if (found == actual.end()) {
      found = actual.emplace(digest.algorithm(), writer.digest(digest.algorithm())).first;
    }
    return found->second == digest;
  };
  for (const Json& json : request.input.at("layerDigests")) {
    auto digest = model::Digest::parse(json.get_ref<const std::string&>());
    if (digest && matches(*digest)) {
      digests.push_back(std::move(*digest));
      continue;
    }
    ApiError wrong(ErrorCode::kInvalidLayer,
                   base::format("The digest of the layer received is '{}', which is not '{}'",
                                writer.digest(model::DigestAlgorithm::kSha256).text(),
                                json.get_ref<const std::string&>()));
    if (digest) delete_upload(request, lease);
    throw std::move(wrong);
  }
  return std::move(digests.front());
}

ApiError layer_already_exists(const UploadCall& upload, const model::Digest& digest) {
  return {ErrorCode::kLayerAlreadyExists,
          base::format("The layer with digest '{}' already exists in the repository with name '{}' "
                       "in the registry with id '{}'",
                       digest.text(), upload.repository.name.text(),
                       upload.repository.registry.account)};
}

// The upload, if it can be a layer: it has at least one part, and only the last part is shorter
// than 5 MiB. Whether a part is the last is known only now (test OnlyTheLastPartMayBeShort). The
// sentence is published (containers-roadmap issue 2831).
UploadSessions::Lease lease_whole_upload(ApiRequest& request, const UploadCall& upload) {
  auto lease = request.core.store.uploads().acquire(upload.id, model::DigestAlgorithm::kSha256);
  if (!lease) {
    throw ApiError(ErrorCode::kInvalidLayer, "Another request is writing to this upload");
  }
  if (lease->writer().size() == 0) {
    throw ApiError(ErrorCode::kEmptyUpload,
                   base::format("The upload with id '{}' has no layer parts", upload.id));
  }
  if (storage::upload_parts(request.txn, upload.id).short_before_last) {
    throw ApiError(ErrorCode::kLayerPartTooSmall,
                   "All layer parts except the last part should be at least 5MB");
  }
  return std::move(*lease);
}

Json complete(ApiRequest& request, const storage::Repository& repository) {
  const UploadCall upload = require_upload(request, repository);
  UploadSessions::Lease lease = lease_whole_upload(request, upload);
  const model::Digest digest = verify_digests(request, lease);
  // The repository has this layer: the upload is over, and the error says so (test
  // ALayerThatIsThereIsSaidToBe). The registry plane answers 201 to the same.
  if (storage::claim_blob(request.core.store, request.txn, upload.repository.id, digest,
                          request.now, request.core.settings.gc_grace)) {
    delete_upload(request, lease);
    throw layer_already_exists(upload, digest);
  }
  // Whether the upload is still there is asked again inside the transaction that makes the layer
  // visible: it may have been cancelled, or its repository deleted, since it was looked up.
  storage::commit_upload(request.core.store, upload.id, lease.writer(), digest,
                         upload.repository.id, request.now, [&](storage::sql::Txn& txn) {
                           const auto found = storage::find_upload(txn, upload.id);
                           if (!found) throw upload_not_found(upload);
                         });
  lease.finish();
  Json output = upload_json(upload);
  output["layerDigest"] = digest.text();
  return output;
}

// A part has up to 20 MiB, in base64.
constexpr std::uint64_t kUploadPartBody = 32u << 20;

// UploadLayerPart and CompleteLayerUpload write in transactions of their own: kRead.
constexpr Operation kLayerUploadOperations[] = {
    {"InitiateLayerUpload", "ecr:InitiateLayerUpload", Access::kWrite, on<push_target, initiate>},
    {"UploadLayerPart", "ecr:UploadLayerPart", Access::kRead, on<repository_target, upload_part>,
     Credentials::kSignature, nullptr, kUploadPartBody},
    {"CompleteLayerUpload", "ecr:CompleteLayerUpload", Access::kRead,
     on<repository_target, complete>},
};

}  // namespace

PartVerdict judge_part(const LayerPart& part, std::uint64_t received, std::int64_t parts) {
  if (part.first != received) {
    return PartIsInvalid{base::format("The first byte of the layer part is {}, but must be {}",
                                      part.first, received)};
  }
  // A part of no bytes has no last byte.
  if (part.size == 0 || part.last < part.first || part.last - part.first != part.size - 1) {
    return PartIsInvalid{base::format(
        "The layer part has {} bytes, which is not what its first and last byte say", part.size)};
  }
  if (part.size > kMaxLayerPart) {
    return PartIsInvalid{
        base::format("The layer part has {} bytes; {} are the most", part.size, kMaxLayerPart)};
  }
  if (received > kMaxLayerBytes - part.size || parts >= kMaxLayerParts) {
    return LayerIsTooLarge{"A layer has at most 52,000 MiB in at most 4,200 parts"};
  }
  return PartIsFine{};
}

std::vector<const Operation*> layer_upload_operations() { return pointers(kLayerUploadOperations); }

}  // namespace ecr::api::ecr
