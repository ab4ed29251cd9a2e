#include "storage/blobs/early_sync.h"

#include <fcntl.h>
#include <system_error>
#include <utility>

namespace ecr::storage {

std::shared_ptr<EarlySync::Ticket> EarlySync::begin(int file, std::string what) {
  auto ticket = std::make_shared<Ticket>();
  {
    const std::lock_guard lock(mutex_);
    if (current_ || !run_thread()) return nullptr;
    ticket->file_ = Fd(::fcntl(file, F_DUPFD_CLOEXEC, 0));
    if (!ticket->file_) return nullptr;
    ticket->what_ = std::move(what);
    current_ = ticket;
  }
  changed_.notify_all();
  return ticket;
}

bool EarlySync::run_thread() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

bool EarlySync::done(const Ticket& ticket) const {
  const std::lock_guard lock(mutex_);
  return ticket.done_;
}

void EarlySync::wait(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&ticket] { return ticket.done_; });
  if (ticket.failure_) throw *ticket.failure_;
}

void EarlySync::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return current_ != nullptr; })) {
    const std::shared_ptr<Ticket> ticket = current_;
    lock.unlock();
    std::optional<StorageError> failure;
    try {
      sync_data(ticket->file_.get(), ticket->what_);
    } catch (const StorageError& error) {
      health_->fail(error.what());
      failure = error;
    }
    ticket->file_ = Fd();
    lock.lock();
    ticket->failure_ = std::move(failure);
    ticket->done_ = true;
    current_.reset();
    changed_.notify_all();
  }
}

}  // namespace ecr::storage
