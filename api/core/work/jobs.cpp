#include "api/core/work/jobs.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api {

void enqueue_job(const Services& services, storage::sql::Txn& txn, std::string_view kind,
                 const Json& payload, base::TimePoint due, std::string_view key) {
  storage::Job job;
  job.kind = kind;
  if (!key.empty()) job.key = std::string(key);
  job.payload = base::dump(payload);
  job.due = due;
  job.created_at = services.clock.now();
  storage::put_job(txn, job);
  txn.on_commit([&signal = services.job_signal] { signal.notify(); });
}

void cancel_job(storage::sql::Txn& txn, std::string_view kind, std::string_view key) {
  storage::delete_job(txn, kind, key);
}

storage::sql::Txn& JobCall::begin() {
  if (txn_) throw std::logic_error("a job begins its transaction once");
  txn_.emplace(services.store.database().begin(storage::sql::Access::kWrite));
  storage::delete_job(*txn_, job.id);
  return *txn_;
}

void JobSignal::notify() {
  const std::lock_guard lock(mutex_);
  ++count_;
  changed_.notify_all();
}

std::uint64_t JobSignal::wait(std::uint64_t seen, std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [&] { return count_ != seen; });
  return count_;
}

}  // namespace ecr::api
