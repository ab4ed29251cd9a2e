#include "storage/blobs/upload_sessions.h"

#include <list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace ecr::storage {

struct UploadSessions::Impl {
  struct Idle {
    std::string id;
    std::unique_ptr<UploadWriter> writer;
  };

  BlobStore& blobs;
  const std::size_t max_idle;
  std::mutex mutex;
  // Under mutex. An id is in one of the two, or in neither. A busy id belongs to exactly one Lease,
  // so a writer never has two threads (test Sessions.ManyThreadsNeverShareAWriter).
  std::unordered_set<std::string> busy;
  std::list<Idle> idle;  // most recently used first
  std::unordered_map<std::string, std::list<Idle>::iterator> idle_by_id;

  // Null: the id has no idle writer. REQUIRES: mutex held.
  std::unique_ptr<UploadWriter> take_idle(const std::string& id) {
    const auto found = idle_by_id.find(id);
    if (found == idle_by_id.end()) return nullptr;
    auto writer = std::move(found->second->writer);
    idle.erase(found->second);
    idle_by_id.erase(found);
    return writer;
  }

  // Marks the id as busy; false: it is already. `writer` becomes its idle writer, if there is one.
  // Nothing waits here: the second of two requests for one upload is refused at once (test
  // Sessions.UploadIsUsedByOneRequestAtATime).
  bool claim(const std::string& id, std::unique_ptr<UploadWriter>& writer) {
    const std::lock_guard lock(mutex);
    if (!busy.insert(id).second) return false;
    writer = take_idle(id);
    return true;
  }

  void release(const std::string& id) {
    const std::lock_guard lock(mutex);
    busy.erase(id);
  }

  // The writer that was used longest ago makes room: its client has most likely gone. Its file
  // stays, and is hashed anew if the client comes back (test
  // Sessions.LeastRecentlyUsedIdleWriterIsClosedAndReadAgain).
  void give_back(const std::string& id, std::unique_ptr<UploadWriter> writer) {
    if (!writer) return release(id);
    std::unique_ptr<UploadWriter> evicted;  // closed outside the lock
    const std::lock_guard lock(mutex);
    busy.erase(id);
    idle.push_front({id, std::move(writer)});
    idle_by_id[id] = idle.begin();
    if (idle.size() > max_idle) {
      evicted = std::move(idle.back().writer);
      idle_by_id.erase(idle.back().id);
      idle.pop_back();
    }
  }
};

UploadSessions::Lease::Lease(UploadSessions& owner, std::string id,
                             std::unique_ptr<UploadWriter> writer)
    : owner_(&owner), id_(std::move(id)), writer_(std::move(writer)) {}

// A lease without an owner gives nothing back: it was moved from, or finish() has ended it.
UploadSessions::Lease::Lease(Lease&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      id_(std::move(other.id_)),
      writer_(std::move(other.writer_)) {}

// The writer goes back to the idle ones also where the request failed: an append that failed left
// the bytes as they were, and the client may go on from there.
UploadSessions::Lease::~Lease() {
  if (owner_) owner_->impl_->give_back(id_, std::move(writer_));
}

void UploadSessions::Lease::finish() {
  if (!owner_) return;
  Impl& impl = *std::exchange(owner_, nullptr)->impl_;
  // Closed before the discard: the space of the file is free when both the name and the descriptor
  // are gone.
  writer_.reset();
  try {
    impl.blobs.discard_upload(id_);
  } catch (...) {
    impl.release(id_);
    throw;
  }
  // Last: a request that takes the id now must not lose the file that it makes.
  impl.release(id_);
}

UploadSessions::UploadSessions(BlobStore& blobs, std::size_t max_idle)
    : impl_(new Impl{blobs, max_idle, {}, {}, {}, {}}) {}

UploadSessions::~UploadSessions() = default;

std::optional<UploadSessions::Lease> UploadSessions::acquire(const std::string& id,
                                                             model::DigestAlgorithm algorithm) {
  std::unique_ptr<UploadWriter> writer;
  if (!impl_->claim(id, writer)) return std::nullopt;
  try {
    // Without the mutex: it may read the whole file.
    if (!writer) writer = impl_->blobs.open_upload(id, algorithm);
  } catch (...) {
    impl_->release(id);
    throw;
  }
  return Lease(*this, id, std::move(writer));
}

// Never opens the file: the collector must not read a large upload in order to remove it.
std::optional<UploadSessions::Lease> UploadSessions::seize(const std::string& id) {
  std::unique_ptr<UploadWriter> writer;
  if (!impl_->claim(id, writer)) return std::nullopt;
  return Lease(*this, id, std::move(writer));
}

bool UploadSessions::discard(const std::string& id) {
  auto lease = seize(id);
  if (!lease) return false;
  lease->finish();
  return true;
}

}  // namespace ecr::storage
