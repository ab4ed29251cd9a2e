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
  // Under mutex. An id is in one of the two, or in neither.
  std::unordered_set<std::string> busy;
  std::list<Idle> idle;  // most recently used first
  std::unordered_map<std::string, std::list<Idle>::iterator> idle_by_id;

  // REQUIRES: mutex held. Null where there is none.
  std::unique_ptr<UploadWriter> take_idle(const std::string& id) {
    const auto found = idle_by_id.find(id);
    if (found == idle_by_id.end()) return nullptr;
    auto writer = std::move(found->second->writer);
    idle.erase(found->second);
    idle_by_id.erase(found);
    return writer;
  }

  // Marks the id busy; false where it is already. `writer` gets its idle writer, if any.
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

namespace {

// Runs `undo` at the end of the scope unless dismissed.
template <typename Undo>
class Guard {
 public:
  explicit Guard(Undo undo) : undo_(std::move(undo)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (armed_) undo_();
  }
  void dismiss() { armed_ = false; }

 private:
  Undo undo_;
  bool armed_ = true;
};

}  // namespace

UploadSessions::Lease::Lease(UploadSessions& owner, std::string id,
                             std::unique_ptr<UploadWriter> writer)
    : owner_(&owner), id_(std::move(id)), writer_(std::move(writer)) {}

UploadSessions::Lease::Lease(Lease&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      id_(std::move(other.id_)),
      writer_(std::move(other.writer_)) {}

UploadSessions::Lease::~Lease() {
  if (owner_) owner_->impl_->give_back(id_, std::move(writer_));
}

void UploadSessions::Lease::finish() {
  if (!owner_) return;
  Impl& impl = *std::exchange(owner_, nullptr)->impl_;
  const Guard release([&] { impl.release(id_); });
  writer_.reset();
  impl.blobs.discard_upload(id_);
}

UploadSessions::UploadSessions(BlobStore& blobs, std::size_t max_idle)
    : impl_(new Impl{blobs, max_idle, {}, {}, {}, {}}) {}

UploadSessions::~UploadSessions() = default;

std::optional<UploadSessions::Lease> UploadSessions::acquire(const std::string& id,
                                                             model::DigestAlgorithm algorithm) {
  std::unique_ptr<UploadWriter> writer;
  if (!impl_->claim(id, writer)) return std::nullopt;
  Guard release([&] { impl_->release(id); });
  if (!writer) writer = impl_->blobs.open_upload(id, algorithm);  // may read the whole file
  release.dismiss();
  return Lease(*this, id, std::move(writer));
}

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
