// The access log: one line a request, as text or JSON, on standard error. Lines are collected and
// written together (flush() is called a few times a second), so that most requests cost no system
// call. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "api/core/wire/http.h"
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

class AccessLog {
 public:
  AccessLog(LogFormat format, int fd) : format_(format), fd_(fd) {}
  ~AccessLog() { flush(); }
  void write(const AccessEntry& entry);
  // A message of the server itself (start, stop, warnings); written at once.
  void say(std::string_view message);
  void flush();

 private:
  void add(std::string line);
  const LogFormat format_;
  const int fd_;
  std::mutex mutex_;
  std::string pending_;
};

}  // namespace ecr::server
