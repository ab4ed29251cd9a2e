// Posts each event to a URL: in order, one after the other, at least once. How far it has come is
// kept in the database, so that a restart goes on there. An event that the receiver does not take
// is tried again, with growing pauses, for a little over two minutes, and is then given up with a
// line in the log: one bad event must not stop the others for ever. What falls out of the bounded
// log meanwhile is lost.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "api/core/work/event_log.h"
#include "server/runtime/access_log.h"
#include "storage/store.h"

namespace ecr::server {

class Webhook {
 public:
  // Posts one event; the status of the answer, nullopt: none.
  using Post = std::function<std::optional<int>(const std::string& event)>;
  struct Pauses {
    std::chrono::milliseconds poll{100};
    std::chrono::milliseconds first{200};
    std::chrono::milliseconds longest{30'000};
    int attempts = 12;
  };

  // Begins with the events that come after the first start with a webhook. All references outlive
  // it. Ends when destroyed, at the latest after the post that is under way.
  Webhook(storage::Store& store, const api::EventLog& events, AccessLog& log, Post post,
          Pauses pauses);
  Webhook(storage::Store& store, const api::EventLog& events, AccessLog& log, Post post)
      : Webhook(store, events, log, std::move(post), Pauses{}) {}

 private:
  void run(const std::stop_token& stop);
  bool deliver_next(const std::stop_token& stop);
  bool deliver(const std::stop_token& stop, const std::string& event);
  bool pause(const std::stop_token& stop, std::chrono::milliseconds how_long);

  storage::Store& store_;
  const api::EventLog& events_;
  AccessLog& log_;
  const Post post_;
  const Pauses pauses_;
  std::int64_t position_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace ecr::server
