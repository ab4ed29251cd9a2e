// The last decisions, with everything they were made of, for /_ecr-local/decisions and `explain`.
// In memory and bounded: the oldest goes first. Thread-safe.
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
#include "schemas/clock.h"

namespace ecr::api {

// One decision. INVARIANT: verdict.source and verdict.policy point into `policies`.
struct DecisionRecord {
  std::uint64_t sequence = 0;  // from 1, by the log
  std::string request_id;      // that the client saw; a request may make several decisions
  schemas::TimePoint time;
  auth::iam::Request request;
  auth::iam::PolicySet policies;
  auth::iam::Verdict verdict;
  std::string message;   // AWS's sentence; empty where it was allowed
  bool enforced = true;  // false: a denial that --iam soft let pass
};

class DecisionLog {
 public:
  explicit DecisionLog(std::size_t capacity = 1000) : capacity_(capacity) {}

  void record(DecisionRecord decision);

  // Those with a sequence above `after` that `wanted` takes, oldest first, at most `limit`.
  std::vector<std::shared_ptr<const DecisionRecord>> read(
      std::uint64_t after, std::size_t limit,
      const std::function<bool(const DecisionRecord&)>& wanted) const;
  // The newest sequence; 0: nothing yet.
  std::uint64_t newest() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::deque<std::shared_ptr<const DecisionRecord>> records_;
};

}  // namespace ecr::api
