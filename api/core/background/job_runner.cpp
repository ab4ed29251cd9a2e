#include "api/core/background/job_runner.h"

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using storage::sql::Access;
using storage::sql::Durability;

constexpr std::array<std::chrono::seconds, kMaxJobAttempts - 1> kDelays = {
    std::chrono::seconds(1), std::chrono::seconds(10), std::chrono::minutes(1),
    std::chrono::minutes(10)};
constexpr std::size_t kMaxErrorBytes = 1000;

// Shown by /_ecr-local/jobs, and stored with the row: bounded.
std::string error_text(const std::exception_ptr& failure) {
  std::string text = "an unknown error";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {
  }
  if (text.empty()) text = "an error without a text";
  if (text.size() > kMaxErrorBytes) text.resize(kMaxErrorBytes);
  return text;
}

// Another attempt would most likely end it again (test AJobThatEndsTheProgramIsGivenUpAfterThree).
bool ended_the_program(const storage::Job& job) { return job.unfinished >= kMaxUnfinishedAttempts; }

Json parse_payload(const storage::Job& job) {
  auto parsed = base::parse_json(job.payload);
  if (!parsed) throw std::runtime_error("the payload is not JSON");
  return std::move(*parsed);
}

}  // namespace

JobRunner::JobRunner(const Services& services, std::vector<JobKind> kinds)
    : services_(services), kinds_(std::move(kinds)) {
  std::array<std::size_t, kJobLanes.size()> counts{};
  const auto add = [&](JobLane to, std::string_view kind) {
    auto& count = counts[static_cast<std::size_t>(to)];
    lane(to).kinds.at(count++) = kind;
  };
  for (const JobKind& kind : kinds_) {
    if (kind.lane == JobLane::kQuick) continue;
    add(kind.lane, kind.kind);
    // The quick lane takes what no other lane does: also kinds that this program does not know.
    add(JobLane::kQuick, kind.kind);
  }
  schedule_periodic();
}

// The key makes it one row a kind: enqueueing a periodic job that is pending keeps the earlier
// time, so a program that is restarted often still gets its turn.
void JobRunner::schedule_periodic() {
  const auto is_periodic = [](const JobKind& kind) { return kind.every.count() > 0; };
  if (std::none_of(kinds_.begin(), kinds_.end(), is_periodic)) return;
  auto txn = services_.store.database().begin(Access::kWrite);
  for (const JobKind& kind : kinds_) {
    if (is_periodic(kind)) schedule(txn, kind, services_.clock.now() + kind.every);
  }
  txn.commit(Durability::kRelaxed);
}

void JobRunner::schedule(storage::sql::Txn& txn, const JobKind& kind, base::TimePoint due) const {
  enqueue_job(services_, txn, kind.kind, Json::object(), due, "periodic");
}

const JobKind* JobRunner::find(std::string_view kind) const {
  const auto found = std::find_if(kinds_.begin(), kinds_.end(),
                                  [kind](const JobKind& known) { return known.kind == kind; });
  return found == kinds_.end() ? nullptr : &*found;
}

std::optional<storage::Job> JobRunner::first(storage::sql::Txn& txn, JobLane of) const {
  return of == JobLane::kQuick ? storage::first_job_besides(txn, lane(of).kinds)
                               : storage::first_job_of(txn, lane(of).kinds);
}

// The job of the lane that is due first, its attempt counted.
std::optional<storage::Job> JobRunner::claim(JobLane of) {
  auto& database = services_.store.database();
  const base::TimePoint now = services_.clock.now();
  {
    auto txn = database.begin(Access::kRead);  // most often there is nothing
    const auto job = first(txn, of);
    if (!job || job->due > now) return std::nullopt;
  }
  auto txn = database.begin(Access::kWrite);
  auto job = first(txn, of);
  if (!job || job->due > now) return std::nullopt;
  // Counted before it begins, so that a job which kills the process uses up its attempts too. One
  // that is given up for that is not begun.
  if (!ended_the_program(*job)) storage::note_job_attempt(txn, job->id);
  txn.commit(Durability::kRelaxed);
  return job;
}

std::optional<JobOutcome> JobRunner::run_next(JobLane of) {
  const std::lock_guard lock(lane(of).running);
  const auto job = claim(of);
  return job ? std::optional(attempt(*job)) : std::nullopt;
}

std::optional<JobOutcome> JobRunner::run_next() {
  for (const JobLane each : kJobLanes) {
    if (auto outcome = run_next(each)) return outcome;
  }
  return std::nullopt;
}

// Throws what the handler throws; then nothing of the job is committed.
void JobRunner::run(const JobKind* kind, JobOutcome& outcome) {
  if (kind == nullptr) throw std::runtime_error("this program has no such kind of job");
  if (ended_the_program(outcome.job)) {
    throw std::runtime_error(base::format("the program ended during each of the last {} attempts",
                                          kMaxUnfinishedAttempts));
  }
  const Json payload = parse_payload(outcome.job);
  JobAttempt attempt(services_, outcome.job, payload, services_.clock.now());
  kind->run(attempt);
  if (!attempt.txn_) attempt.begin();
  // In the same transaction: a periodic job is never without its next row.
  if (kind->every.count() > 0) schedule(*attempt.txn_, *kind, attempt.now + kind->every);
  outcome.error = attempt.remark;
  try {
    attempt.txn_->commit();
  } catch (...) {
    if (!attempt.txn_->committed()) throw;
    // What follows the commit failed. The job is done all the same: it must not run again because a
    // file could not be removed.
    outcome.error = error_text(std::current_exception());
  }
}

JobOutcome JobRunner::attempt(const storage::Job& job) {
  JobOutcome outcome{.job = job};
  const JobKind* const kind = find(job.kind);
  try {
    run(kind, outcome);
  } catch (...) {
    outcome.error = error_text(std::current_exception());
    if (services_.job_signal.stopping()) {
      give_back(outcome);
    } else {
      note_failure(kind, outcome);
    }
  }
  return outcome;
}

// A job that gave up because the program ends has not failed: a server that is restarted often must
// not use up its attempts.
void JobRunner::give_back(JobOutcome& outcome) {
  outcome.result = JobOutcome::Result::kRetry;
  if (ended_the_program(outcome.job)) return;  // claim() counted nothing
  auto txn = services_.store.database().begin(Access::kWrite);
  storage::return_job_attempt(txn, outcome.job.id);
  txn.commit();
}

// In a transaction of its own: the attempt's was rolled back.
void JobRunner::note_failure(const JobKind* kind, JobOutcome& outcome) {
  const auto attempts = outcome.job.attempts;  // before this one
  const base::TimePoint now = services_.clock.now();
  const bool periodic = kind != nullptr && kind->every.count() > 0;
  outcome.result = JobOutcome::Result::kRetry;
  base::TimePoint due = now;
  // A kind that this program does not have gets no further attempt: another version of the program
  // wrote the row.
  if (kind != nullptr && attempts < std::ssize(kDelays) && !ended_the_program(outcome.job)) {
    due += kDelays[static_cast<std::size_t>(attempts)];
  } else if (periodic) {
    due += kind->every;
  } else {
    outcome.result = JobOutcome::Result::kFailed;
  }
  auto txn = services_.store.database().begin(Access::kWrite);
  storage::set_job_failure(txn, outcome.job.id,
                           outcome.result == JobOutcome::Result::kFailed
                               ? storage::JobState::kFailed
                               : storage::JobState::kPending,
                           due, outcome.error);
  txn.commit();
}

// The limit ends a chain of jobs that enqueue each other (a test, or /_ecr-local/jobs/run, would
// wait forever).
JobRunner::Report JobRunner::run_due(std::size_t limit) {
  Report report;
  while (auto outcome = run_next()) {
    report.outcomes.push_back(std::move(*outcome));
    if (report.outcomes.size() < limit) continue;
    const auto due = next_due();
    report.complete = !due || *due > services_.clock.now();
    break;
  }
  return report;
}

std::optional<base::TimePoint> JobRunner::next_due(JobLane of) const {
  auto txn = services_.store.database().begin(Access::kRead);
  const auto job = first(txn, of);
  return job ? std::optional(job->due) : std::nullopt;
}

std::optional<base::TimePoint> JobRunner::next_due() const {
  auto txn = services_.store.database().begin(Access::kRead);
  const auto job = storage::first_job(txn);
  return job ? std::optional(job->due) : std::nullopt;
}

void JobRunner::make_due(std::string_view kind) {
  auto txn = services_.store.database().begin(Access::kWrite);
  const base::TimePoint now = services_.clock.now();
  for (const JobKind& known : kinds_) {
    if (kind.empty() || known.kind == kind) storage::make_jobs_due(txn, known.kind, now);
  }
  txn.commit();
}

}  // namespace ecr::api
