// Posts each event to a URL: in order, one after the other, at least once. The database keeps the
// position of the last delivered event, so that a restart goes on behind it. An event that the
// receiver does not accept is tried again, with growing pauses, for a little over two minutes; then
// it is given up with a line in the log, because one bad event must not stop the others for ever.
// Events that fall out of the bounded event log meanwhile are lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "api/core/background/event_log.h"
#include "schemas/base/background_thread.h"
#include "server/runtime/access_log.h"
#include "storage/store.h"

namespace ecr::server {

class Webhook {
 public:
  // Posts one event. Returns the status of the answer; nullopt when there was none. Gives up when
  // the stop is requested.
  using Post = std::function<std::optional<int>(const std::string& event, std::stop_token stop)>;
  struct Pauses {
    std::chrono::milliseconds poll{100};
    std::chrono::milliseconds first{200};
    std::chrono::milliseconds longest{30'000};
    int attempts = 12;
  };

  // The first start with a webhook delivers the events that come after it. All references outlive
  // the webhook. The destructor ends the post that is under way; the next start posts that event
  // again.
  Webhook(storage::Store& store, const api::EventLog& events, AccessLog& log, Post post,
          Pauses pauses);
  Webhook(storage::Store& store, const api::EventLog& events, AccessLog& log, Post post)
      : Webhook(store, events, log, std::move(post), Pauses{}) {}

 private:
  void run(base::BackgroundStop& stop);
  bool deliver_next(base::BackgroundStop& stop);
  bool deliver(base::BackgroundStop& stop, const std::string& event);

  storage::Store& store_;
  const api::EventLog& events_;
  AccessLog& log_;
  const Post post_;
  const Pauses pauses_;
  std::int64_t position_ = 0;
  base::BackgroundThread thread_;
};

}  // namespace ecr::server
