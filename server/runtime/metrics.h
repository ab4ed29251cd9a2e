// Counters of requests, and the text of /metrics: these counters, what is stored, and the process,
// in Prometheus's text format. Counting takes one lock and one look-up. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "api/core/access/decision_log.h"
#include "api/core/wire/http.h"
#include "schemas/base/clock.h"
#include "server/faults/fault_rules.h"
#include "storage/store.h"

namespace ecr::server {

class AccessLog;
class MemoryBudget;

class Metrics {
 public:
  struct Request {
    api::Plane plane = api::Plane::kNone;
    std::string_view action;  // "ecr:PutImage"; empty: none was found
    int status = 0;
    std::uint64_t received = 0;  // body bytes
    std::uint64_t sent = 0;      // body bytes
    std::chrono::microseconds took{0};
  };
  void count(const Request& request);

  enum class JobResult { kDone, kRetried, kFailed };
  // Counts one attempt by the server's own thread. `kind`: the job's kind in the job table.
  void count_job(std::string_view kind, JobResult result);
  void connection_opened() { connections_.fetch_add(1, std::memory_order_relaxed), ++accepted_; }
  void connection_refused() { connections_refused_.fetch_add(1, std::memory_order_relaxed); }
  void connection_closed() { connections_.fetch_sub(1, std::memory_order_relaxed); }

  // What text() shows of them; they outlive the metrics. REQUIRES: before the first text().
  void watch(const MemoryBudget& memory, const AccessLog& log) {
    memory_ = &memory;
    log_ = &log;
  }

  // Prometheus text exposition format, version 0.0.4. Blocks.
  // `faults` may be null.
  std::string text(storage::Store& store, const api::DecisionLog& decisions,
                   std::string_view version, const FaultRules* faults = nullptr) const;

 private:
  // Upper bounds of the histogram, microseconds; the last bucket has none.
  static constexpr std::array<std::int64_t, 9> kBounds = {
      250, 1'000, 2'500, 10'000, 50'000, 250'000, 1'000'000, 10'000'000, 60'000'000};
  struct Series {
    std::array<std::uint64_t, 6> by_class{};  // 1xx to 5xx at 1 to 5
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    std::uint64_t micros = 0;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
  };
  struct Key {
    std::string_view plane;  // a literal
    std::string action;
  };
  // Lets the map be searched without making strings.
  struct KeyView {
    std::string_view plane;
    std::string_view action;
  };
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (a.plane != b.plane) return a.plane < b.plane;
      return std::string_view(a.action) < std::string_view(b.action);
    }
  };

  void write_requests(std::string& out) const;
  void write_jobs(std::string& out) const;
  void write_connections(std::string& out) const;
  void write_budgets(std::string& out) const;

  mutable std::mutex mutex_;
  std::map<Key, Series, Less> series_;  // bounded: actions are those of the operation tables
  std::map<std::pair<std::string, JobResult>, std::uint64_t> jobs_;
  std::atomic<std::int64_t> connections_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> connections_refused_{0};
  const MemoryBudget* memory_ = nullptr;
  const AccessLog* log_ = nullptr;
};

}  // namespace ecr::server
