#include "storage/blobs/background_sync.h"

#include <fcntl.h>
#include <system_error>
#include <utility>

namespace ecr::storage {

// One thread and one file at a time: an upload that finds the thread in use goes on without it and
// asks again later, so appends never wait for a disk (test
// FileBlobs.LargeUploadIsSyncedWhileItGrows).
std::shared_ptr<BackgroundSync::Ticket> BackgroundSync::begin(int file, std::string what) {
  auto ticket = std::make_shared<Ticket>();
  {
    const std::lock_guard lock(mutex_);
    if (current_ || !start_thread()) return nullptr;
    // A descriptor of its own: the upload may be over, and its own closed, before the sync ends.
    ticket->file_ = Fd(::fcntl(file, F_DUPFD_CLOEXEC, 0));
    if (!ticket->file_) return nullptr;
    ticket->what_ = std::move(what);
    current_ = ticket;
  }
  changed_.notify_all();
  return ticket;
}

// The thread starts with the first large layer, so most processes never have it. Where no thread
// can be made, uploads still work: the sync at their end does all of it.
bool BackgroundSync::start_thread() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

bool BackgroundSync::done(const Ticket& ticket) const {
  const std::lock_guard lock(mutex_);
  return ticket.done_;
}

void BackgroundSync::wait(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  // run() always ends with done_, so this cannot wait for ever. The destructor is not reached while
  // a thread is here: an upload ends before its store.
  changed_.wait(lock, [&ticket] { return ticket.done_; });
  if (ticket.failure_) throw *ticket.failure_;
}

void BackgroundSync::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // A stop request ends the loop only between two files, so every ticket that was begun is
  // finished. Where one is there and the stop comes too, the predicate decides and it is synced.
  while (changed_.wait(lock, stop, [this] { return current_ != nullptr; })) {
    const std::shared_ptr<Ticket> ticket = current_;
    lock.unlock();
    std::optional<StorageError> failure;
    try {
      sync_data(ticket->file_.get(), ticket->what_);
    } catch (const StorageError& error) {
      // Recorded at once, before any client waits for the ticket: the database must stop writing
      // too (test FileBlobs.FailedSyncOfALayerThatComesInStopsCommitsForGood).
      sync_failures_->record(error.what());
      failure = error;
    }
    ticket->file_ = Fd();  // closed without the lock, because that may take long
    lock.lock();
    ticket->failure_ = std::move(failure);
    ticket->done_ = true;
    current_.reset();
    changed_.notify_all();
  }
}

}  // namespace ecr::storage
