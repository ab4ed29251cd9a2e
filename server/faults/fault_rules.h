// Injected faults: the rules of /_ecr-local/faults, with which users test their retries.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::server {

enum class FaultKind { kThrottle, kError, kLatency, kReset };

std::string_view name_of(FaultKind kind);

struct FaultRule {
  std::string operation = "*";  // "ecr:PutImage", "PutImage", "registry:*"; '*' is a wildcard
  FaultKind kind = FaultKind::kError;
  double rate = 1;                     // of the requests that match, 0 to 1
  std::optional<std::uint64_t> count;  // no more than so many
  std::uint64_t seed = 0;              // the same seed chooses the same requests
  std::chrono::milliseconds latency{0};
  int status = 500;    // of an error
  bool after = false;  // of a reset: the request is carried out, its answer is lost
};

// The faults that the rules chose for one request.
struct Fault {
  std::chrono::milliseconds latency{0};
  std::optional<FaultKind> kind;  // nullopt: late, but carried out
  int status = 500;
  bool after = false;
};

class FaultRules {
 public:
  struct State {
    FaultRule rule;
    std::uint64_t matched = 0;   // requests of its operations
    std::uint64_t injected = 0;  // how many of them were hit
  };
  struct Totals {
    std::uint64_t throttle = 0, error = 0, latency = 0, reset = 0;
  };

  // True when there is any rule. Without rules, this look is all that a request costs.
  bool any() const { return any_.load(std::memory_order_relaxed); }

  // `operation`: "ecr:PutImage". Every rule that matches is drawn; latencies add up. The first
  // other fault that hits is the result, and the rules behind it are not drawn.
  Fault draw(std::string_view operation);

  void replace(std::vector<FaultRule> rules);
  void add(std::vector<FaultRule> rules);
  std::vector<State> list() const;
  Totals totals() const;  // since the start, also of rules that were removed

 private:
  bool hits(State& state);

  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::vector<State> rules_;
  Totals totals_;
};

// True when a rule for the operation `pattern` concerns `operation` ("ecr:PutImage"). Pure.
bool fault_matches(std::string_view pattern, std::string_view operation);

}  // namespace ecr::server
