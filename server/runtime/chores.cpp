#include "server/runtime/chores.h"

#include <chrono>

#include "schemas/base/text.h"
#include "storage/os/error.h"

namespace ecr::server {
namespace {

using namespace std::chrono_literals;

// What comes within it is written together. Under load most records are pushed out of the log
// before they are written; whoever reads along gets all of them, and soon.
constexpr auto kGather = 2s;
constexpr auto kGatherFollowed = 100ms;
constexpr auto kIdle = 1s;

}  // namespace

Chores::Chores(api::EventLog& events, storage::Store& store, AccessLog& log)
    : events_(events),
      store_(store),
      log_(log),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Chores::gather(const std::stop_token& stop) {
  const auto end = std::chrono::steady_clock::now() + kGather;
  std::unique_lock lock(mutex_);
  do {
    pause_.wait_for(lock, stop, kGatherFollowed, [] { return false; });
  } while (!stop.stop_requested() && !events_.followed() && std::chrono::steady_clock::now() < end);
}

void Chores::run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { events_.announce(); });
  while (!stop.stop_requested()) {
    events_.wait(kIdle);
    gather(stop);
    events_.flush();
    try {
      store_.sweep_if_requested();
    } catch (const storage::StorageError& error) {
      log_.say(base::format("ecr-local: removing files: {}", error.what()));
    }
  }
}

}  // namespace ecr::server
