// The last decisions, with everything they were made of, for /_ecr-local/decisions and `explain`;
// and, for longer, what every principal has asked for. In memory and bounded: the oldest goes
// first. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/evaluate.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"

namespace ecr::api {

enum class Plane;  // api/core/wire/http.h

// One decision. INVARIANT: verdict.source and verdict.policy point into `policies`.
struct DecisionRecord {
  std::uint64_t sequence = 0;  // from 1, by the log
  std::string request_id;      // that the client saw; a request may make several decisions
  base::TimePoint time;
  Plane plane{};  // that the request came by; none: a job of the server made it
  auth::iam::Request request;
  auth::iam::PolicySet policies;
  auth::iam::Verdict verdict;
  std::string message;   // AWS's sentence; empty where it was allowed
  bool enforced = true;  // false: a denial that --iam soft let pass
};

// A principal has asked for an action on a resource. Usages outlive the records, so that the policy
// written for a long job is complete. Actions that need no permission are left out.
struct Usage {
  auth::iam::Principal principal;
  std::string action;
  std::string resource;
  std::uint64_t last_sequence = 0;
  base::TimePoint last;
  std::optional<base::TimePoint> last_allowed;
};

class DecisionLog {
 public:
  using Filter = std::function<bool(const DecisionRecord&)>;

  explicit DecisionLog(std::size_t capacity = 1000, std::size_t usage_capacity = 20000)
      : capacity_(capacity), usages_(usage_capacity) {}

  void record(DecisionRecord decision);

  // The records with a sequence above `after` that `filter` takes, oldest first, at most `limit`.
  std::vector<std::shared_ptr<const DecisionRecord>> read(std::uint64_t after, std::size_t limit,
                                                          const Filter& filter) const;
  // The records with a sequence above `after` and below `before`, newest first, at most `limit`.
  std::vector<std::shared_ptr<const DecisionRecord>> read_back(std::uint64_t before,
                                                               std::uint64_t after,
                                                               std::size_t limit,
                                                               const Filter& filter) const;
  // The newest sequence; 0: nothing yet.
  std::uint64_t newest() const;

  // Counts since the program began.
  struct Totals {
    std::uint64_t allowed = 0;
    std::uint64_t explicitly_denied = 0;
    std::uint64_t implicitly_denied = 0;
    std::uint64_t over_budget = 0;  // denials without a decision (Verdict::over_budget)
  };
  Totals totals() const;

  // In no particular order.
  std::vector<Usage> usages(const std::function<bool(const Usage&)>& wanted) const;

 private:
  void note_usage(const DecisionRecord& decision);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  Totals totals_;
  std::deque<std::shared_ptr<const DecisionRecord>> records_;
  base::BoundedMemo<std::string, Usage> usages_;  // by principal, action and resource
};

}  // namespace ecr::api
