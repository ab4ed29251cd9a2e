#include "api/admin/snapshot/snapshot.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/snapshot/tar.h"
#include "api/core/wire/error.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/os/error.h"
#include "storage/os/posix.h"
#include "storage/snapshot.h"

namespace ecr::api::admin {
namespace {

using storage::StorageError;

// Changes when an older program could not read a newer snapshot. The schema of the database has its
// own version (storage/snapshot.h).
constexpr int kFormat = 1;
constexpr const char* kInfoEntry = "snapshot.json";
constexpr const char* kDatabaseEntry = "ecr-local.db";

// The name of a blob in the tar file. The parts of a ustar name have limits (tar.h), which a
// SHA-512 digest exceeds: the hex digits are split into parts of 64.
std::string blob_entry(const model::Digest& digest) {
  constexpr std::size_t kPart = 64;
  const std::string text = digest.text();
  const std::size_t colon = text.find(':');
  std::string name = "blobs/" + text.substr(0, colon);
  for (std::size_t at = colon + 1; at < text.size(); at += kPart) {
    name += "/" + text.substr(at, kPart);
  }
  return name;
}

std::optional<model::Digest> blob_of_entry(std::string_view name) {
  constexpr std::string_view kFolder = "blobs/";
  if (!name.starts_with(kFolder)) return std::nullopt;
  std::string text(name.substr(kFolder.size()));
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  text[slash] = ':';
  std::erase(text, '/');
  return model::Digest::parse(text);
}

ApiError not_a_snapshot(const std::string& why) {
  return {ErrorCode::kInvalidParameter, "This is not a snapshot: " + why};
}

// The tar file, piece by piece. Files of blobs are opened when they are sent, because there may be
// more of them than file descriptors. Garbage collection is paused for as long as this exists: all
// blobs of the saved database are still there when their turn comes.
class SnapshotBody : public PieceSource {
 public:
  SnapshotBody(const Services& services, std::unique_ptr<storage::StagingDirectory> staging,
               std::unique_ptr<storage::CollectionPause> pause)
      : services_(services), staging_(std::move(staging)), pause_(std::move(pause)) {
    const std::string path = staging_->path() + "/" + kDatabaseEntry;
    blobs_ = storage::save_database(services_.store, *pause_, path);
    storage::Fd file = storage::open_file(AT_FDCWD, path.c_str(), O_RDONLY, path);
    const std::uint64_t size = storage::file_state(file.get(), path).size;
    database_ = std::make_shared<storage::BlobFile>(std::move(file), size);
    info_ = base::dump(base::Json{{"format", kFormat}, {"version", services_.settings.version}});
  }

  // The length is known before anything is sent, so that the client sees a snapshot that was cut
  // off.
  std::uint64_t length() const override {
    std::uint64_t total = tar_end().size() + entry_length(info_.size());
    total += entry_length(database_->size());
    for (const auto& blob : blobs_) total += entry_length(blob.size);
    return total;
  }

  std::optional<Piece> next() override {
    const std::size_t step = step_++;
    if (step == 0) {
      return tar_header(kInfoEntry, info_.size()) + info_ + tar_padding(info_.size()) +
             tar_header(kDatabaseEntry, database_->size());
    }
    if (step == 1) return FileSlice{database_, 0, database_->size()};
    // Then two steps for each blob: the padding of the file before it with its own header, and its
    // bytes. The last step is the padding of the last file with the end of the tar file.
    const std::size_t index = (step - 2) / 2;
    const std::uint64_t before = index == 0 ? database_->size() : blobs_[index - 1].size;
    if (index == blobs_.size()) {
      if (step % 2 == 1) return std::nullopt;
      return tar_padding(before) + tar_end();
    }
    const auto& blob = blobs_[index];
    if (step % 2 == 0) {
      return tar_padding(before) + tar_header(blob_entry(blob.digest), blob.size);
    }
    return FileSlice{open(blob), 0, blob.size};
  }

 private:
  static std::uint64_t entry_length(std::uint64_t size) {
    return kTarBlock + size + tar_padding(size).size();
  }

  std::shared_ptr<storage::BlobFile> open(const storage::SavedBlob& blob) const {
    auto file = services_.store.blobs().open(blob.digest);
    if (!file || file->size() != blob.size) {
      throw StorageError(StorageError::Kind::kCorrupt,
                         "the file of blob " + blob.digest.text() + " is incomplete");
    }
    return std::make_shared<storage::BlobFile>(std::move(*file));
  }

  const Services& services_;
  std::unique_ptr<storage::StagingDirectory> staging_;
  std::unique_ptr<storage::CollectionPause> pause_;
  std::vector<storage::SavedBlob> blobs_;
  std::shared_ptr<storage::BlobFile> database_;
  std::string info_;
  std::size_t step_ = 0;
};

// Reads the tar file as it arrives. The database goes into a file of a staging directory and blobs
// into the blob store; nothing of the current state changes until finish() has a whole snapshot and
// replaces the database in one transaction. Until then no row names the blobs: garbage collection
// and sweeps are paused for as long as this exists, and a sweep is asked for at the end, for what
// the old state, or a snapshot that was refused, leaves behind.
class RestoreSink : public BodySink {
 public:
  explicit RestoreSink(const Services& services)
      : services_(services),
        pause_(services.store.pause_collection()),
        staging_(services.store.make_staging_directory(services.random)) {}
  RestoreSink(const RestoreSink&) = delete;
  RestoreSink& operator=(const RestoreSink&) = delete;
  ~RestoreSink() override {
    services_.store.request_sweep();
    if (upload_) upload_->finish();
  }

  // Pieces arrive in any size. `left_` counts the bytes of the current file that are still to come;
  // between files, `block_` collects padding and the next header.
  void write(std::string_view bytes) override {
    while (!bytes.empty() && !ended_) {
      if (left_ > 0) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        take(bytes.substr(0, size));
        bytes.remove_prefix(size);
        left_ -= size;
        if (left_ == 0) end_file();
        continue;
      }
      const std::size_t size = std::min(wanted_block() - block_.size(), bytes.size());
      block_.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (block_.size() == wanted_block()) begin_file();
    }
  }

  HttpResponse finish() override {
    if (!ended_) throw not_a_snapshot("it is cut off");
    // Every check that needs no database comes first.
    if (!has_info_ || written_ == 0) throw not_a_snapshot("it has no database");
    database_ = {};
    const std::string path = database_path();
    try {
      storage::restore_database(services_.store, path, storage::prepare_saved(path));
    } catch (const StorageError& error) {
      // Three faults are the client's and not the server's: the database is damaged, a newer
      // program wrote it (kUnavailable), or a blob that it names is missing.
      using Kind = StorageError::Kind;
      if (error.kind() != Kind::kCorrupt && error.kind() != Kind::kUnavailable) throw;
      throw not_a_snapshot(error.what());
    }
    return text_response(200, "application/json", "{\"status\":\"restored\"}\n");
  }

 private:
  std::string database_path() const { return staging_->path() + "/" + kDatabaseEntry; }

  // The padding behind a file is read together with the next header.
  std::size_t wanted_block() const { return padding_ + kTarBlock; }

  void begin_file() {
    const std::string block = block_.substr(padding_);
    block_.clear();
    padding_ = 0;
    if (is_tar_end(block)) {
      ended_ = true;
      return;
    }
    const auto entry = parse_tar_header(block);
    if (!entry) throw not_a_snapshot("it is not a tar file");
    left_ = entry->size;
    padding_ = tar_padding(entry->size).size();
    part_ = part_of(*entry);
    if (left_ == 0) end_file();
  }

  enum class Part { kIgnored, kInfoFile, kDatabaseFile, kBlob };

  Part part_of(const TarEntry& entry) {
    std::string_view name = entry.name;
    // tar writes this prefix when somebody unpacks a snapshot and packs it again.
    while (name.starts_with("./")) name.remove_prefix(2);
    if (!entry.file) return Part::kIgnored;
    if (name == kInfoEntry) {
      // This file is held in memory.
      if (entry.size > 4096) throw not_a_snapshot("its snapshot.json is too long");
      return Part::kInfoFile;
    }
    if (name == kDatabaseEntry) {
      const std::string path = database_path();
      database_ = storage::open_file(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, path);
      written_ = 0;
      return Part::kDatabaseFile;
    }
    auto digest = blob_of_entry(name);
    // Unknown entries are skipped, so that a later format can add some.
    if (!digest) return Part::kIgnored;
    digest_ = std::move(*digest);
    begin_blob();
    return Part::kBlob;
  }

  void begin_blob() {
    // While the lease is held the upload counts as in use, so that no sweep removes its file.
    upload_ = std::make_unique<storage::UploadSessions::Lease>(*services_.store.uploads().acquire(
        base::make_uuid(services_.random), digest_->algorithm()));
  }

  void take(std::string_view bytes) {
    switch (part_) {
      case Part::kInfoFile:
        info_.append(bytes);
        break;
      case Part::kDatabaseFile:
        storage::write_all(database_.get(), bytes, written_, database_path());
        written_ += bytes.size();
        break;
      case Part::kBlob:
        upload_->writer().append(bytes);
        break;
      case Part::kIgnored:
        break;
    }
  }

  void end_file() {
    if (part_ == Part::kInfoFile) check_info();
    if (part_ == Part::kBlob) end_blob();
  }

  void check_info() {
    const auto json = base::parse_json(info_);
    if (!json || !json->is_object() || json->value("format", 0) != kFormat) {
      throw not_a_snapshot(base::format("its snapshot.json does not say \"format\": {}", kFormat));
    }
    has_info_ = true;
  }

  // The blob is stored before it is known that the rest of the file is good. If it is not, the blob
  // has no row, and a sweep removes it.
  void end_blob() {
    auto& writer = upload_->writer();
    if (writer.digest(digest_->algorithm()) != *digest_) {
      upload_->finish();
      throw not_a_snapshot("the bytes of blob " + digest_->text() + " do not match its digest");
    }
    services_.store.blobs().commit(upload_->id(), writer, *digest_);
    upload_->finish();
    upload_.reset();
  }

  const Services& services_;
  std::unique_ptr<storage::CollectionPause> pause_;
  std::unique_ptr<storage::StagingDirectory> staging_;
  storage::Fd database_;
  std::uint64_t written_ = 0;
  std::string block_;
  std::size_t padding_ = 0;
  std::uint64_t left_ = 0;
  bool ended_ = false;
  bool has_info_ = false;
  Part part_ = Part::kIgnored;
  std::string info_;
  std::optional<model::Digest> digest_;
  std::unique_ptr<storage::UploadSessions::Lease> upload_;
};

}  // namespace

HttpResponse save_snapshot(const Services& services) {
  HttpResponse response;
  response.set("Content-Type", "application/x-tar");
  response.set("Content-Disposition", "attachment; filename=\"ecr-local-snapshot.tar\"");
  auto staging = services.store.make_staging_directory(services.random);
  auto pause = services.store.pause_collection();
  response.body = std::make_shared<SnapshotBody>(services, std::move(staging), std::move(pause));
  return response;
}

std::unique_ptr<BodySink> restore_snapshot(const Services& services) {
  return std::make_unique<RestoreSink>(services);
}

}  // namespace ecr::api::admin
