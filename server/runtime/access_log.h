// The access log: one line a request, as text or JSON, on standard error. A thread of its own
// collects lines and writes them together, so that a request neither costs a system call nor waits
// for a log that nothing reads. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "api/core/wire/http.h"
#include "schemas/base/background_thread.h"
#include "schemas/base/clock.h"

namespace ecr::server {

enum class LogFormat { kOff, kText, kJson };

struct AccessEntry {
  base::TimePoint time;
  std::string_view request_id;
  std::string_view peer;
  std::string_view method;
  std::string_view target;  // the log leaves the query out: it may carry a signature
  int status = 0;
  std::uint64_t received = 0;  // body bytes
  std::uint64_t sent = 0;      // body bytes
  std::chrono::microseconds took{0};
  const api::LogNote* note = nullptr;
};

// Whether the log has a line of the request. Probes ask every few seconds and would be most of it;
// what they are told when something is wrong stands in it.
inline bool is_worth_logging(const api::HttpResponse& response) {
  return !response.note.probe || response.status != 200;
}

// A line longer than this is cut, however long the texts are that a client made it of.
inline constexpr std::size_t kMaxLogLine = 4096;
// So many bytes of lines wait for a reader of the log; further lines are dropped.
inline constexpr std::size_t kMaxPendingLog = 1u << 20;

class AccessLog {
 public:
  // `fd` stays open. `most_pending`: bytes of lines that wait at most.
  AccessLog(LogFormat format, int fd, std::size_t most_pending = kMaxPendingLog);
  // Writes what waits; gives up after a second without a reader.
  ~AccessLog() = default;
  // The address of the console, which the line of a denial names with its request. Call it before
  // the first entry.
  void set_console(std::string address) { console_ = std::move(address); }
  // Neither this nor say() blocks.
  void write(const AccessEntry& entry);
  // A message of the server itself (start, stop, warnings); the thread writes it at once.
  void say(std::string_view message);
  // Waits until every line so far is written, at most that long.
  void settle(std::chrono::milliseconds at_most);
  // Lines that were dropped because too many waited, or because the log's reader is gone.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void add(std::string line, bool urgent);
  void run(base::BackgroundStop& stop);
  void write_out(std::string_view bytes, const base::BackgroundStop& stop);
  void drop(std::uint64_t lines);
  std::string line_of_message(std::string_view message) const;

  std::string to_text(const AccessEntry& entry) const;
  std::string to_json(const AccessEntry& entry) const;
  // Where the decision of a denied request is shown; empty: it was not denied, or there is no
  // console.
  std::string decision_address(const AccessEntry& entry) const;

  const LogFormat format_;
  const int fd_;
  const std::size_t most_pending_;
  std::string console_;        // empty: none
  const std::size_t at_once_;  // bytes of one write that does not block when poll() says so
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any written_;
  std::string pending_;
  std::size_t in_flight_ = 0;  // bytes that the thread is writing
  bool urgent_ = false;
  std::uint64_t untold_ = 0;  // lines dropped since the log last said so
  std::atomic<std::uint64_t> dropped_{0};
  base::BackgroundThread writer_;
};

}  // namespace ecr::server
