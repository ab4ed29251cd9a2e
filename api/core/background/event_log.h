// The log of what happened and what was called, for /_ecr-local/events and the webhook. Bounded:
// the oldest go first.
//
// Events belong to the transaction of what they tell about: acknowledged together or not at all
// (events.h). Records of calls must not cost a read its speed: they wait in memory, bounded too,
// until flush() writes them in transactions that a power loss may take. A reader of the log flushes
// first, so that a call's record is there as soon as its answer is. The queue has the same limit as
// the log: a record that the log would drop at once is not written first.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "api/core/background/call_record.h"
#include "storage/rows/events.h"
#include "storage/store.h"

namespace ecr::api {

class EventLog {
 public:
  struct Limits {
    std::int64_t events = 10'000;
    std::int64_t records = 10'000;
  };
  // Goes on behind what `store` has. `store` and `random` outlive it.
  EventLog(storage::Store& store, base::Random& random, Limits limits);
  EventLog(storage::Store& store, base::Random& random) : EventLog(store, random, Limits{}) {}
  ~EventLog();  // flushes

  // The sequence of a new row. REQUIRES: the caller's write transaction (of that store) is open, so
  // that sequences are in the order of commits.
  std::int64_t next_sequence() { return ++newest_; }
  // An upper bound of what a reader can see by now.
  std::int64_t newest() const { return newest_; }

  // Queues the record, without large members of its request. Does not block on storage.
  void add(CallRecord record);
  // Writes what is queued and drops what is too old. What storage refuses is lost: the log never
  // fails a request. REQUIRES: no transaction is open in this thread.
  void flush();
  // Waits until something was added (or committed and announced), for at most that long.
  void wait(std::chrono::milliseconds at_most);
  // Wakes wait().
  void announce();
  // While a client holds the returned pointer, it reads along and wants records soon after their
  // calls. The pointer may outlive the log.
  std::shared_ptr<const void> follow() const { return followers_; }
  bool followed() const { return followers_.use_count() > 1; }
  // Empties the log; sequences go on.
  void clear();

 private:
  std::deque<CallRecord> take();
  std::vector<storage::EventRow> to_rows(std::deque<CallRecord>& records);
  void write(std::vector<storage::EventRow> rows);
  void prune();

  storage::Store& store_;
  base::Random& random_;
  const Limits limits_;
  std::atomic<std::int64_t> newest_{0};
  std::int64_t pruned_at_ = 0;  // guarded by flushing_
  std::mutex flushing_;
  std::mutex mutex_;
  std::condition_variable added_;
  bool news_ = false;
  const std::shared_ptr<const bool> followers_ = std::make_shared<const bool>(true);
  std::deque<CallRecord> queue_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace ecr::api
