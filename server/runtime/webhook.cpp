#include "server/runtime/webhook.h"

#include <algorithm>

#include "schemas/base/text.h"
#include "storage/os/error.h"
#include "storage/rows/events.h"

namespace ecr::server {
namespace {

using storage::sql::Access;

// The name under which the database keeps the position.
constexpr std::string_view kReader = "webhook";

// Failures that may go away. Amazon EventBridge retries the same statuses for its API destinations
// (EventBridge user guide, "API destinations": 401, 407, 409, 429 and 5xx).
bool is_worth_a_retry(const std::optional<int>& status) {
  return !status || *status == 401 || *status == 407 || *status == 409 || *status == 429 ||
         *status >= 500;
}

// A redirect is not followed and counts as a refusal.
bool is_taken(const std::optional<int>& status) { return status && *status / 100 == 2; }

// The position that the last run reached; a new webhook begins behind the newest event.
std::int64_t starting_position(storage::Store& store, std::int64_t newest) {
  // Stored at the first start already, so that events which come while no webhook runs are
  // delivered by the next run.
  storage::sql::Txn txn = store.database().begin(Access::kWrite);
  if (const auto position = storage::event_position(txn, kReader)) return *position;
  storage::set_event_position(txn, kReader, newest);
  txn.commit();
  return newest;
}

}  // namespace

Webhook::Webhook(storage::Store& store, const api::EventLog& events, AccessLog& log, Post post,
                 Pauses pauses)
    : store_(store),
      events_(events),
      log_(log),
      post_(std::move(post)),
      pauses_(pauses),
      position_(starting_position(store, events.newest())),
      // The last member: it runs as soon as it exists, and everything that it uses is there by
      // then.
      thread_([this](base::BackgroundStop& stop) { run(stop); }) {}

void Webhook::run(base::BackgroundStop& stop) {
  while (!stop.requested()) {
    try {
      // newest() is a number in memory, so an idle webhook asks no database.
      if (events_.newest() > position_ && deliver_next(stop)) continue;
    } catch (const storage::StorageError& error) {
      log_.say(base::format("ecr-local: webhook: {}", error.what()));
    }
    stop.pause(pauses_.poll);
  }
}

// False: there was nothing to deliver.
bool Webhook::deliver_next(base::BackgroundStop& stop) {
  std::vector<storage::EventRow> next;
  {
    // The transaction ends before the post: a receiver that hangs must not hold a snapshot of the
    // database, which would keep the WAL from being checkpointed.
    storage::sql::Txn txn = store_.database().begin(Access::kRead);
    next = storage::events_after(txn, storage::EventKind::kEvent, position_, 1);
  }
  if (next.empty()) return false;
  if (!deliver(stop, next.front().body)) return false;
  storage::sql::Txn txn = store_.database().begin(Access::kWrite);
  storage::set_event_position(txn, kReader, next.front().sequence);
  // The position is written after the delivery, so a crash in between delivers the event once more
  // and never loses it: at least once. Losing this commit has the same effect, so it need not wait
  // for the disk.
  txn.commit(storage::sql::Durability::kRelaxed);
  position_ = next.front().sequence;
  return true;
}

// False: stopped before the event was delivered or given up.
bool Webhook::deliver(base::BackgroundStop& stop, const std::string& event) {
  auto how_long = pauses_.first;
  for (int attempt = 1;; ++attempt) {
    const auto status = post_(event, stop.token());
    if (is_taken(status)) return true;
    // A post that the stop cut off says nothing about the receiver.
    if (stop.requested()) return false;
    // A status that another attempt will not change (400, 404) ends the event at once
    // (WebhookTest.ARefusalIsNotTriedAgain).
    if (attempt == pauses_.attempts || !is_worth_a_retry(status)) {
      log_.say(base::format("ecr-local: webhook: an event was dropped after {} attempts: {}",
                            attempt, status ? base::format("status {}", *status) : "no answer"));
      return true;
    }
    if (!stop.pause(how_long)) return false;
    // 0.2 s doubled up to 30 s over 12 attempts: a receiver may be down for a little over two
    // minutes.
    how_long = std::min(how_long * 2, pauses_.longest);
  }
}

}  // namespace ecr::server
