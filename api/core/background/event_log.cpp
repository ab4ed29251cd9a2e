#include "api/core/background/event_log.h"

#include <algorithm>
#include <utility>

#include "storage/os/error.h"

namespace ecr::api {
namespace {

// How many bytes of request bodies the queue may hold.
constexpr std::size_t kMaxQueuedBytes = 16u << 20;
constexpr std::size_t kRowsAtOnce = 500;

std::size_t cost_of(const CallRecord& record) { return record.request_bytes + 1024; }

}  // namespace

EventLog::EventLog(storage::Store& store, base::Random& random, Limits limits)
    : store_(store), random_(random), limits_(limits) {
  storage::sql::Txn txn = store_.database().begin(storage::sql::Access::kRead);
  newest_ = storage::newest_event(txn);
}

EventLog::~EventLog() { flush(); }

void EventLog::add(CallRecord record) {
  drop_large_members(record);
  std::deque<CallRecord> dropped;  // freed without the lock
  {
    const std::lock_guard lock(mutex_);
    queued_bytes_ += cost_of(record);
    queue_.push_back(std::move(record));
    while (static_cast<std::int64_t>(queue_.size()) > limits_.records ||
           (queued_bytes_ > kMaxQueuedBytes && queue_.size() > 1)) {
      queued_bytes_ -= cost_of(queue_.front());
      dropped.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (news_) return;
    news_ = true;
  }
  added_.notify_all();
}

void EventLog::announce() {
  {
    const std::lock_guard lock(mutex_);
    news_ = true;
  }
  added_.notify_all();
}

void EventLog::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  added_.wait_for(lock, at_most, [this] { return news_; });
  news_ = false;
}

std::deque<CallRecord> EventLog::take() {
  const std::lock_guard lock(mutex_);
  queued_bytes_ = 0;
  return std::exchange(queue_, {});
}

// Makes rows of the oldest records, at most kRowsAtOnce, and takes those off the queue.
std::vector<storage::EventRow> EventLog::to_rows(std::deque<CallRecord>& records) {
  std::vector<storage::EventRow> rows;
  rows.reserve(std::min(records.size(), kRowsAtOnce));
  for (; !records.empty() && rows.size() < kRowsAtOnce; records.pop_front()) {
    CallRecord& record = records.front();
    // Input and output of a read are put together only here: most such records are dropped before.
    if (record.complete) record.complete(record);
    rows.push_back({.sequence = 0,
                    .kind = storage::EventKind::kRecord,
                    .type = record.operation,
                    .source = record.service + ".amazonaws.com",
                    .account = record.identity->account,
                    .region = record.region,
                    .time = record.time,
                    .request_id = record.request_id,
                    .body = write_call_record(record, base::make_uuid(random_))});
  }
  return rows;
}

void EventLog::write(std::vector<storage::EventRow> rows) {
  storage::sql::Txn txn = store_.database().begin(storage::sql::Access::kWrite);
  for (storage::EventRow& row : rows) {
    // Within the write transaction: sequences are in the order of commits, so a reader that has
    // seen one never misses a smaller one.
    row.sequence = next_sequence();
    storage::insert_event(txn, row);
  }
  txn.commit(storage::sql::Durability::kRelaxed);
}

// Records and events have limits of their own: many reads must not push out the few pushes.
void EventLog::prune() {
  storage::sql::Txn txn = store_.database().begin(storage::sql::Access::kWrite);
  storage::prune_events(txn, storage::EventKind::kRecord, limits_.records);
  storage::prune_events(txn, storage::EventKind::kEvent, limits_.events);
  txn.commit(storage::sql::Durability::kRelaxed);
  pruned_at_ = newest_;
}

void EventLog::flush() {
  // The lock is held while the records are written: a thread that returns from flush() knows that
  // every record queued before its call can be read, also one that another thread was writing.
  const std::lock_guard lock(flushing_);
  std::deque<CallRecord> records = take();
  try {
    // The writer is not held while text is made, and a push does not wait for thousands of rows.
    while (!records.empty()) write(to_rows(records));
    if (pruned_at_ != newest_) prune();
  } catch (const storage::StorageError&) {
    // A full disk, say. The calls themselves report it; the log never fails a request.
  }
}

void EventLog::clear() {
  const std::lock_guard lock(flushing_);
  take();
  storage::sql::Txn txn = store_.database().begin(storage::sql::Access::kWrite);
  storage::clear_events(txn);
  txn.commit();
}

}  // namespace ecr::api
