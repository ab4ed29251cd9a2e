#include "api/core/background/jobs.h"

#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "storage/collector.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api {

void enqueue_job(const Core& core, storage::sql::Txn& txn, std::string_view kind,
                 const Json& payload, base::TimePoint due, std::string_view key) {
  storage::Job job;
  job.kind = kind;
  if (!key.empty()) job.key = std::string(key);
  job.payload = base::dump(payload);
  job.due = due;
  job.created_at = core.clock.now();
  storage::put_job(txn, job);
  // After the commit: before it the runner would not see the row, and would go back to sleep.
  txn.on_commit([&signal = core.job_signal] { signal.notify(); });
}

void cancel_job(storage::sql::Txn& txn, std::string_view kind, std::string_view key) {
  storage::delete_job(txn, kind, key);
}

model::Digest digest_of(const Json& payload) {
  auto digest = model::Digest::parse(payload.at("digest").get_ref<const std::string&>());
  if (!digest) throw std::runtime_error("the job's payload has a digest that is none");
  return std::move(*digest);
}

model::RepositoryName repository_name_of(const Json& payload) {
  auto name = model::RepositoryName::parse(payload.at("repository").get_ref<const std::string&>());
  if (!name)
    throw std::runtime_error("the job's payload has the name of a repository that is none");
  return std::move(*name);
}

Request& JobAttempt::begin() {
  if (txn_) throw std::logic_error("a job begins its transaction once");
  txn_.emplace(services.store.database().begin(storage::sql::Access::kWrite));
  // The row goes in the transaction that the job ends with: a crash before the commit leaves it,
  // and the job is attempted again. A job that was enqueued anew while this attempt ran stays.
  storage::delete_job(*txn_, job.id, job.attempts + 1);
  const model::RegistryId own{services.settings.account, services.settings.region};
  return request_.emplace(Request{services, *txn_, http_, caller_, own, now, note_});
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

// The collector works in short transactions of its own; a run that breaks off is simply begun anew.
void collect_garbage(JobAttempt& attempt) {
  const Core& core = attempt.services;
  storage::collect_garbage(core.store, attempt.now - core.settings.gc_grace);
}

void drop_expired_sessions(JobAttempt& attempt) {
  storage::delete_expired_sessions(attempt.begin().txn, attempt.now);
}

}  // namespace ecr::api
