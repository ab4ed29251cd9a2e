#include "server/runtime/webhook.h"

#include <algorithm>

#include "schemas/base/text.h"
#include "storage/os/error.h"
#include "storage/rows/events.h"

namespace ecr::server {
namespace {

using storage::sql::Access;

constexpr std::string_view kReader = "webhook";

// What may go well another time; EventBridge retries the same for API destinations.
bool is_worth_a_retry(const std::optional<int>& status) {
  return !status || *status == 401 || *status == 407 || *status == 409 || *status == 429 ||
         *status >= 500;
}

bool is_taken(const std::optional<int>& status) { return status && *status / 100 == 2; }

// Where the last start left off; a webhook that is new begins with what comes next.
std::int64_t starting_position(storage::Store& store, std::int64_t newest) {
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
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

// False: it is time to stop.
bool Webhook::pause(const std::stop_token& stop, std::chrono::milliseconds how_long) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, how_long, [] { return false; });
  return !stop.stop_requested();
}

void Webhook::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (events_.newest() > position_ && deliver_next(stop)) continue;
    } catch (const storage::StorageError& error) {
      log_.say(base::format("ecr-local: webhook: {}", error.what()));
    }
    pause(stop, pauses_.poll);
  }
}

// False: there was nothing to deliver.
bool Webhook::deliver_next(const std::stop_token& stop) {
  std::vector<storage::EventRow> next;
  {
    storage::sql::Txn txn = store_.database().begin(Access::kRead);
    next = storage::events_after(txn, storage::EventKind::kEvent, position_, 1);
  }
  if (next.empty()) return false;
  if (!deliver(stop, next.front().body)) return false;
  storage::sql::Txn txn = store_.database().begin(Access::kWrite);
  storage::set_event_position(txn, kReader, next.front().sequence);
  txn.commit(storage::sql::Durability::kRelaxed);
  position_ = next.front().sequence;
  return true;
}

// False: stopped before the event was delivered or given up.
bool Webhook::deliver(const std::stop_token& stop, const std::string& event) {
  auto how_long = pauses_.first;
  for (int attempt = 1;; ++attempt) {
    const auto status = post_(event);
    if (is_taken(status)) return true;
    if (attempt == pauses_.attempts || !is_worth_a_retry(status)) {
      log_.say(base::format("ecr-local: webhook: an event was given up after {} attempts: {}",
                            attempt, status ? base::format("status {}", *status) : "no answer"));
      return true;
    }
    if (!pause(stop, how_long)) return false;
    how_long = std::min(how_long * 2, pauses_.longest);
  }
}

}  // namespace ecr::server
