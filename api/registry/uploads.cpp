// Layer uploads: POST begins one, PATCH adds to it, PUT ends it; each of the three may carry bytes,
// which go from the socket to the file and the hash and nowhere else. Source: OCI
// distribution-spec, "Pushing blobs". No transaction is open while a body is read: the request is
// authorized before it, and a push that ends is authorized again after it.
#include "storage/rows/uploads.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/images/manifest.h"
#include "api/registry/calls.h"
#include "api/registry/handlers.h"
#include "api/registry/range.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/collector.h"
#include "storage/os/error.h"

namespace ecr::api::registry {
namespace {

using storage::UploadSessions;
using storage::sql::Access;
using storage::sql::Durability;

// partSize of InitiateLayerUpload's answer in the guide's sample record (from memory).
constexpr std::int64_t kPartSize = 20 << 20;

constexpr std::string_view kInitiate = "ecr:InitiateLayerUpload";
constexpr std::string_view kUploadPart = "ecr:UploadLayerPart";
constexpr std::string_view kComplete = "ecr:CompleteLayerUpload";

std::string upload_path(const model::RepositoryName& name, const std::string& id) {
  return base::format("/v2/{}/blobs/uploads/{}", name.text(), id);
}

std::optional<model::Digest> wanted_digest(const HttpRequest& request) {
  const auto text = query_value(request.query(), "digest");
  if (!text) return std::nullopt;
  auto digest = model::Digest::parse(*text);
  if (!digest) throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
  return digest;
}

// "?digest-algorithm=sha512" of the POST, which the Location carries on: what to hash along the
// way. OCI distribution-spec, "Pushing a blob in chunks".
model::DigestAlgorithm wanted_algorithm(const HttpRequest& request) {
  const auto name = query_value(request.query(), "digest-algorithm");
  if (!name || *name == "sha256") return model::DigestAlgorithm::kSha256;
  if (*name == "sha512") return model::DigestAlgorithm::kSha512;
  throw ApiError(ErrorCode::kDigestInvalid, "The digest algorithm is not supported");
}

// The last PUT of docker has no body: then ecr:UploadLayerPart is not needed for it.
bool has_body(const HttpRequest& request) {
  const auto length = request.headers.find("content-length");
  return (length && *length != "0") || request.headers.find("transfer-encoding").has_value();
}

ApiError unknown_upload() {
  return {ErrorCode::kBlobUploadUnknown, "blob upload unknown to registry"};
}

// An upload belongs to the principal and the repository that it was begun for; to every other
// caller it does not exist (test AnUploadIsItsPrincipalsAndItsRepositorys).
storage::Upload require_upload(RegistryRequest& request, const storage::Repository& repository) {
  auto upload = storage::find_upload(request.txn, request.route.reference);
  if (!upload || upload->repository != repository.id ||
      upload->principal != lasting_id(request.caller)) {
    throw unknown_upload();
  }
  return std::move(*upload);
}

// Range is "0-<last byte>". An empty upload has 0-0 too, as in the distribution project's registry:
// there is no way to write "no byte".
void set_progress(HttpResponse& response, const HttpRequest& request,
                  const model::RepositoryName& name, const std::string& id, std::uint64_t size) {
  const bool sha512 = wanted_algorithm(request) == model::DigestAlgorithm::kSha512;
  response.set("Location", upload_path(name, id) + (sha512 ? "?digest-algorithm=sha512" : ""));
  response.set("Range", base::format("0-{}", size == 0 ? 0 : size - 1));
  response.set("Docker-Upload-UUID", id);
}

UploadSessions::Lease acquire(const Core& core, const std::string& id,
                              model::DigestAlgorithm algorithm) {
  auto lease = core.store.uploads().acquire(id, algorithm);
  if (!lease) {
    throw ApiError(ErrorCode::kUploadBusy, "Another request is writing to this upload");
  }
  return std::move(*lease);
}

// The lease of an upload that goes on. One request writes to an upload at a time; from here on the
// collector leaves the upload alone.
UploadSessions::Lease acquire(const Core& core, const storage::Upload& upload,
                              model::DigestAlgorithm algorithm, base::TimePoint now) {
  UploadSessions::Lease lease = acquire(core, upload.id, algorithm);
  if (!storage::keep_upload(core.store, lease, upload.active_at, now, core.settings.gc_grace)) {
    lease.finish();
    throw unknown_upload();
  }
  return lease;
}

// A chunk must begin where the upload ends: 416 with the upload's state otherwise, in ECR's
// sentence (apple/containerization issue 790; test AChunkOutOfOrderIsSaidInEcrsWords). Without
// Content-Range the bytes are appended, as docker sends them.
void check_chunk(const HttpRequest& request, const storage::Repository& repository,
                 const std::string& id, std::uint64_t size) {
  const auto header = request.headers.find("content-range");
  if (!header) return;
  const auto range = parse_chunk_range(*header);
  if (!range) {
    throw ApiError(ErrorCode::kBlobUploadInvalid, "The Content-Range is not valid");
  }
  if (range->first != size || range->length == 0) {
    throw ApiError(
        ErrorCode::kInvalidLayerPart,
        base::format("First byte of the layer part is {} instead of {}", range->first, size))
        .with_header("Location", upload_path(repository.name, id))
        .with_header("Range", base::format("0-{}", size == 0 ? 0 : size - 1));
  }
  std::uint64_t length = 0;
  const std::string_view text = request.headers.get("content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (!text.empty() && length != range->length) {
    throw ApiError(ErrorCode::kBlobUploadInvalid,
                   "The Content-Range is not as long as the Content-Length says");
  }
}

// `id`: of the upload; empty: the blob was mounted, and there is none.
void end_initiate_call(LogNote& note, const std::string& id) {
  note.end_call([id] {
    Json output = {{"partSize", kPartSize}};
    if (!id.empty()) output["uploadId"] = id;
    return output;
  });
}

// The three members that the calls on an upload have.
Json upload_members(const std::string& account, const std::string& repository,
                    const std::string& id) {
  Json members = repository_members(account, repository);
  members["uploadId"] = id;
  return members;
}

void begin_upload_call(const RegistryRequest& request, std::string operation) {
  request.note.begin_call(
      std::move(operation),
      [members = upload_members(request.registry.account, request.route.name_text(),
                                request.route.reference)] { return members; });
}

HttpResponse blob_created(const model::RepositoryName& name, const model::Digest& digest) {
  HttpResponse response;
  response.status = 201;
  response.set("Location", base::format("/v2/{}/blobs/{}", name.text(), digest.text()));
  response.set("Docker-Content-Digest", digest.text());
  return response;
}

// The body of one request of an upload. Its lease keeps every other request from this upload until
// the sink is gone.
class UploadSink : public BodySink {
 public:
  // `active_at`: when the upload was active last. `digest` given: the upload ends with this
  // request. `lease`: of the upload.
  UploadSink(const RequestHead& head, storage::Repository repository, base::TimePoint active_at,
             std::optional<model::Digest> digest, LogNote note, UploadSessions::Lease lease)
      : head_(head),
        repository_(std::move(repository)),
        active_at_(active_at),
        digest_(std::move(digest)),
        note_(std::move(note)),
        lease_(std::move(lease)) {}

  // A body that fails on the way, at a limit or for want of space, is recorded here; the server
  // answers with the error.
  void write(std::string_view bytes) override {
    begin_part_call();
    try {
      append(bytes);
    } catch (...) {
      HttpResponse failed = error_response(to_api_error(std::current_exception()), head_.http);
      note_.fail_as(std::move(failed.note));
      record_calls(head_.services, head_.http, note_);
      throw;
    }
  }

  HttpResponse finish() override {
    HttpResponse response;
    try {
      response = digest_ ? complete() : progress();
    } catch (...) {
      response = error_response(to_api_error(std::current_exception()), head_.http);
      note_.fail_as(std::move(response.note));
    }
    record_calls(head_.services, head_.http, note_);
    response.note = note_;
    registry::finish(head_.http, response);
    return response;
  }

 private:
  void append(std::string_view bytes) {
    if (lease_.writer().size() + bytes.size() > kMaxLayerBytes) {
      throw ApiError(ErrorCode::kSizeInvalid, "The layer is larger than 52,000 MiB");
    }
    try {
      lease_.writer().append(bytes);
    } catch (const storage::StorageError& error) {
      // Most clients begin a new upload then: what this one has taken must be free for it.
      if (error.kind() == storage::StorageError::Kind::kNoSpace) give_up();
      throw;
    }
  }

  Json members() const {
    return upload_members(head_.credentials.registry.account, repository_.name.text(), lease_.id());
  }

  // Once, with the first bytes: a last PUT without a body is CompleteLayerUpload alone.
  void begin_part_call() {
    if (part_begun_) return;
    part_begun_ = true;
    note_.begin_call("UploadLayerPart", [members = members()] { return members; });
  }

  // The part's range is known at its end.
  void end_part_call() {
    const std::uint64_t end = lease_.writer().size();
    if (!part_begun_ || end == first_byte_) return;
    Json input = members();
    Json output = input;
    input["partFirstByte"] = first_byte_;
    input["partLastByte"] = end - 1;
    output["lastByteReceived"] = end - 1;
    note_.calls.back().input = [input = std::move(input)] { return input; };
    note_.end_call([output = std::move(output)] { return output; });
  }

  void begin_complete_call() {
    Json input = members();
    input["layerDigests"] = Json::array({digest_->text()});
    note_.begin_call("CompleteLayerUpload", [input = std::move(input)] { return input; });
  }

  void end_complete_call() {
    Json output = members();
    output["layerDigest"] = digest_->text();
    note_.end_call([output = std::move(output)] { return output; });
  }

  HttpResponse progress() {
    begin_part_call();
    // The body may have taken an hour, in which the upload may have been cancelled or collected.
    if (!storage::keep_upload(head_.services.store, lease_, active_at_, head_.services.clock.now(),
                              head_.services.settings.gc_grace)) {
      lease_.finish();
      throw unknown_upload();
    }
    end_part_call();
    HttpResponse response;
    // The specification says 202, ECR answers 201 (containers-roadmap issue 2831; test
    // APatchIsCreated).
    response.status = head_.services.settings.strict_ecr ? 201 : 202;
    set_progress(response, head_.http, repository_.name, lease_.id(), lease_.writer().size());
    return response;
  }

  HttpResponse complete() {
    end_part_call();
    begin_complete_call();
    const model::Digest& digest = *digest_;
    // A wrong digest ends the upload and leaves nothing (test AWrongDigestLeavesNothing).
    if (lease_.writer().digest(digest.algorithm()) != digest) {
      delete_upload();
      throw ApiError(ErrorCode::kDigestInvalid, "provided digest did not match uploaded content");
    }
    const base::TimePoint now = head_.services.clock.now();
    storage::commit_upload(head_.services.store, lease_.id(), lease_.writer(), digest,
                           repository_.id, now,
                           [&](storage::sql::Txn& txn) { authorize_again(txn, now); });
    end_complete_call();
    lease_.finish();
    return blob_created(repository_.name, digest);
  }

  // The body may have taken an hour. The caller's permissions and the repository are those of the
  // moment in which the layer becomes visible, inside the transaction that does it.
  void authorize_again(storage::sql::Txn& txn, base::TimePoint now) {
    LogNote ignored;
    const auto caller = require_caller(head_, txn);
    RegistryRequest request(head_, txn, *caller, now, ignored);
    const storage::Repository repository = request.authorize_repository(kComplete);
    const auto upload = storage::find_upload(txn, lease_.id());
    if (!upload || upload->repository != repository.id) throw unknown_upload();
  }

  void delete_upload() {
    storage::sql::Txn txn = head_.services.store.database().begin(Access::kWrite);
    storage::delete_upload(txn, lease_.id());
    txn.commit(Durability::kRelaxed);
    lease_.finish();
  }

  // The disk is full. The bytes are deleted first, because the deletion of the row needs some
  // space; where it fails all the same, the collector deletes the row later.
  void give_up() {
    try {
      lease_.finish();
      delete_upload();
    } catch (const storage::StorageError&) {
      return;
    }
  }

  const RequestHead head_;
  const storage::Repository repository_;
  const base::TimePoint active_at_;
  const std::optional<model::Digest> digest_;
  LogNote note_;
  UploadSessions::Lease lease_;
  const std::uint64_t first_byte_ = lease_.writer().size();
  bool part_begun_ = false;
};

}  // namespace

// POST: begins an upload (202), mounts a blob of another repository (201), or with ?digest= takes
// the whole blob as its body (201 after it), which needs all three permissions at once.
UploadStart start_upload(const RequestHead& head, LogNote& note) {
  const auto& [services, http, credentials, route] = head;
  const base::TimePoint now = services.clock.now();
  const auto digest = wanted_digest(http);
  const auto mount = wanted_mount(http);
  wanted_algorithm(http);
  storage::Upload upload{base::make_uuid(services.random), 0, "", now};
  std::optional<storage::Repository> repository;
  {
    storage::sql::Txn txn = services.store.database().begin(Access::kWrite);
    const auto caller = require_caller(head, txn);
    RegistryRequest request(head, txn, *caller, now, note);
    const std::vector<std::string_view> actions =
        digest ? std::vector<std::string_view>{kInitiate, kUploadPart, kComplete}
               : std::vector<std::string_view>{kInitiate};
    bool created = false;
    begin_plain_call(request, "InitiateLayerUpload");
    repository = request.authorize_push(actions, &created);
    if (mount && mount_blob(request, *repository, *mount)) {
      txn.commit();
      end_initiate_call(note, "");
      return blob_created(repository->name, mount->digest);
    }
    upload.repository = repository->id;
    upload.principal = lasting_id(request.caller);
    storage::insert_upload(txn, upload);
    // A power loss may take the upload: nothing was acknowledged but its name. A repository that
    // was created for it must stay.
    txn.commit(created ? Durability::kDurable : Durability::kRelaxed);
  }
  end_initiate_call(note, upload.id);
  if (digest) {
    return std::make_unique<UploadSink>(head, *repository, now, digest, note,
                                        acquire(services, upload.id, digest->algorithm()));
  }
  HttpResponse response;
  response.status = 202;
  set_progress(response, http, repository->name, upload.id, 0);
  return response;
}

// PATCH adds the body, PUT adds it and ends the upload. Permission is checked first, then the
// upload, then the parameters: a caller without permission learns nothing of either.
UploadStart continue_upload(const RequestHead& head, LogNote& note) {
  const auto& [services, http, credentials, route] = head;
  const bool last = http.method == "PUT";
  const auto digest = wanted_digest(http);
  const base::TimePoint now = services.clock.now();
  std::optional<storage::Repository> repository;
  storage::Upload upload;
  {
    storage::sql::Txn txn = services.store.database().begin(Access::kRead);
    const auto caller = require_caller(head, txn);
    RegistryRequest request(head, txn, *caller, now, note);
    std::vector<std::string_view> actions;
    if (last) actions.push_back(kComplete);
    if (!last || has_body(http)) actions.push_back(kUploadPart);
    begin_upload_call(request, last ? "CompleteLayerUpload" : "UploadLayerPart");
    repository = request.authorize_repository(actions);
    upload = require_upload(request, *repository);
  }
  if (last && !digest) {
    throw ApiError(ErrorCode::kDigestInvalid, "The parameter digest is missing");
  }
  UploadSessions::Lease lease =
      acquire(services, upload, last ? digest->algorithm() : wanted_algorithm(http), now);
  check_chunk(http, *repository, lease.id(), lease.writer().size());
  note.calls.clear();  // the sink begins them anew, as the body comes
  return std::make_unique<UploadSink>(head, *repository, now, last ? digest : std::nullopt, note,
                                      std::move(lease));
}

// How much of the upload is there, for a client that goes on after a broken connection.
HttpResponse upload_status(RegistryRequest& request) {
  const storage::Repository repository = request.authorize_repository(kUploadPart);
  const storage::Upload upload = require_upload(request, repository);
  UploadSessions::Lease lease =
      acquire(request.core, upload, wanted_algorithm(request.http), request.now);
  HttpResponse response;
  response.status = 204;
  set_progress(response, request.http, repository.name, upload.id, lease.writer().size());
  return response;
}

// ECR documents no action for this; ecr:UploadLayerPart is the right to change the upload.
HttpResponse cancel_upload(RegistryRequest& request) {
  const storage::Repository repository = request.authorize_repository(kUploadPart);
  const storage::Upload upload = require_upload(request, repository);
  storage::delete_upload(request.txn, upload.id);
  request.txn.on_commit(
      [&store = request.core.store, id = upload.id] { store.uploads().discard(id); });
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace ecr::api::registry
