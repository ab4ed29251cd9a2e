// GET, HEAD and DELETE of a blob, with a token; the answer to GET and HEAD of a signed URL too.
// Sources: OCI distribution-spec, "Pulling blobs" and "Deleting Blobs"; RFC 9110, sections 13 and
// 14.

#include "storage/rows/blobs.h"

#include "api/core/wire/error.h"
#include "api/images/layer_url.h"
#include "api/registry/calls.h"
#include "api/registry/conditions.h"
#include "api/registry/handlers.h"
#include "api/registry/pull_through.h"
#include "api/registry/range.h"
#include "schemas/base/text.h"
#include "storage/collector.h"
#include "storage/os/error.h"
#include "storage/rows/repositories.h"

namespace ecr::api::registry {
namespace {

model::Digest require_digest(const std::string& text) {
  auto digest = model::Digest::parse(text);
  if (!digest) throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
  return std::move(*digest);
}

ApiError unknown_blob() { return {ErrorCode::kBlobUnknown, "blob unknown to registry"}; }

// The request reads a snapshot of the database. A blob whose row the snapshot has may have been
// removed since, and its file collected: then the blob is unknown, and nothing is corrupt.
bool is_still_held(storage::Store& store, std::int64_t repository, const model::Digest& digest) {
  storage::sql::Txn now = store.database().begin(storage::sql::Access::kRead);
  return storage::find_blob(now, repository, digest).has_value();
}

storage::BlobFile open_blob(storage::Store& store, std::int64_t repository,
                            const model::Digest& digest, std::uint64_t size) {
  auto file = store.blobs().open(digest);
  if (!file && !is_still_held(store, repository, digest)) throw unknown_blob();
  if (!file || file->size() != size) {
    throw storage::StorageError(storage::StorageError::Kind::kCorrupt,
                                "the file of blob " + digest.text() + " is not whole");
  }
  return std::move(*file);
}

}  // namespace

HttpResponse blob_response(storage::Store& store, storage::sql::Txn& txn, std::int64_t repository,
                           const model::Digest& digest, const HttpRequest& request) {
  // Membership decides, not whether some repository has the bytes (test
  // ABlobOfAnotherRepositoryIsUnknown).
  const auto size = storage::find_blob(txn, repository, digest);
  if (!size) throw unknown_blob();
  if (auto answer = answer_conditions(request, digest)) return std::move(*answer);
  HttpResponse response;
  response.set("Content-Type", "application/octet-stream");
  response.set("Docker-Content-Digest", digest.text());
  response.set("Accept-Ranges", "bytes");
  response.set("ETag", entity_tag(digest));
  if (request.method == "HEAD") {  // the file is not opened; a Range of a HEAD means nothing
    response.head_length = static_cast<std::uint64_t>(*size);
    return response;
  }
  storage::BlobFile file = open_blob(store, repository, digest, static_cast<std::uint64_t>(*size));
  // One range at most: 206 with Content-Range, or 416 with the size (test RangesOfABlob).
  const RangeAnswer answer = range_counts(request, digest)
                                 ? parse_range(request.headers.get("range"), file.size())
                                 : RangeAnswer{};
  if (answer.kind == RangeKind::kUnsatisfiable) {
    throw ApiError(ErrorCode::kRangeNotSatisfiable, "The range is not satisfiable")
        .with_header("Content-Range", base::format("bytes */{}", file.size()));
  }
  FileSlice slice{nullptr, 0, file.size()};
  if (answer.kind == RangeKind::kPart) {
    response.status = 206;
    slice.offset = answer.range.first;
    slice.length = answer.range.length;
    response.set("Content-Range", base::format("bytes {}-{}/{}", slice.offset,
                                               slice.offset + slice.length - 1, file.size()));
  }
  slice.file = std::make_shared<storage::BlobFile>(std::move(file));
  response.body = std::move(slice);
  return response;
}

namespace {

// ECR redirects the download of a layer to S3. Under --strict-ecr the redirect leads to a URL of
// this server which, like S3's, needs no credentials for an hour (layer_url.h; test
// AGetOfABlobIsRedirectedToASignedUrl). By default the blob is sent at once.
HttpResponse redirect_to_layer(const RegistryRequest& request,
                               const storage::Repository& repository, const model::Digest& digest) {
  if (!storage::find_blob(request.txn, repository.id, digest)) throw unknown_blob();
  HttpResponse response;
  response.status = 307;
  response.set("Location", layer_url(request.core, request.http, repository, digest, request.now));
  return response;
}

}  // namespace

// ECR's actions for the two methods: a HEAD is the check of a push, a GET is a download.
HttpResponse get_blob(RegistryRequest& request) {
  const bool head = request.http.method == "HEAD";
  begin_blob_read(request);
  const storage::Repository repository = request.authorize_repository(
      head ? "ecr:BatchCheckLayerAvailability" : "ecr:GetDownloadUrlForLayer");
  const model::Digest digest = require_digest(request.route.reference);
  if (auto coming = blob_on_its_way(request, repository, digest)) return std::move(*coming);
  if (request.core.settings.strict_ecr && !head) {
    return redirect_to_layer(request, repository, digest);
  }
  // A client that pushes takes a HEAD's 200 for "the blob need not be sent": the blob must be there
  // when the manifest comes, so the collector is kept away from it for a while.
  if (head && !storage::claim_blob(request.core.store, request.txn, repository.id, digest,
                                   request.now, request.core.settings.gc_grace)) {
    throw unknown_blob();
  }
  return blob_response(request.core.store, request.txn, repository.id, digest, request.http);
}

// ECR has no such operation: the specification's DELETE is authorized as the deletion of images is
// (inferred), and refused while an image of the repository has the blob (test
// ABlobIsDeletedWhereNoImageHasIt).
HttpResponse delete_blob(RegistryRequest& request) {
  begin_plain_call(request, "BatchDeleteImage");
  const storage::Repository repository = request.authorize_repository("ecr:BatchDeleteImage");
  const model::Digest digest = require_digest(request.route.reference);
  if (!storage::find_blob(request.txn, repository.id, digest)) throw unknown_blob();
  if (storage::blob_is_in_use(request.txn, repository.id, digest)) {
    throw ApiError(ErrorCode::kBlobInUse, "The blob is part of an image; delete the image first");
  }
  require_conditions(request.http, digest);
  storage::remove_blob(request.txn, repository.id, digest);
  HttpResponse response;
  response.status = 202;
  return response;
}

}  // namespace ecr::api::registry
