#include "server/faults/fault_rules.h"

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

// The n-th random number of a seed, from 0 to 1. splitmix64 needs no state but n, so the same seed
// chooses the same requests in every run. The constants are those of Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators" (2014). The upper 53 bits fill the mantissa of a
// double, so the result is below 1 and a rate of 1 always hits
// (FaultRules.RateZeroNeverAndRateOneAlways).
double draw_number(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t z = seed + (n + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

}  // namespace

// The names of the JSON form and of the metric's label.
std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kThrottle:
      return "throttle";
    case FaultKind::kError:
      return "error";
    case FaultKind::kLatency:
      return "latency";
    case FaultKind::kReset:
      break;
  }
  return "reset";
}

bool fault_matches(std::string_view pattern, std::string_view operation) {
  const std::string_view bare = operation.substr(operation.find(':') + 1);
  // A pattern with a colon names the service as well.
  const bool qualified = pattern.find(':') != std::string_view::npos;
  return base::wildcard_matches(pattern, qualified ? operation : bare);
}

bool FaultRules::hits(State& state) {
  const FaultRule& rule = state.rule;
  // A rule that is used up counts no matches any more.
  if (rule.count && state.injected >= *rule.count) return false;
  // The number of the draw is the number of the matching request, so requests of other operations
  // do not change which ones are hit.
  if (draw_number(rule.seed, state.matched++) >= rule.rate) return false;
  ++state.injected;
  return true;
}

Fault FaultRules::draw(std::string_view operation) {
  Fault fault;
  // Draws are counted, so they need an order; the lock gives concurrent requests one. With one
  // client the run is the same each time (FaultRules.TheSameSeedHitsTheSameRequests).
  const std::lock_guard lock(mutex_);
  for (State& state : rules_) {
    if (!fault_matches(state.rule.operation, operation) || !hits(state)) continue;
    switch (state.rule.kind) {
      // Goes on to the next rule: a late answer may also be an error.
      case FaultKind::kLatency:
        ++totals_.latency;
        fault.latency += state.rule.latency;
        continue;
      case FaultKind::kThrottle:
        ++totals_.throttle;
        break;
      case FaultKind::kError:
        ++totals_.error;
        break;
      case FaultKind::kReset:
        ++totals_.reset;
        break;
    }
    fault.kind = state.rule.kind;
    fault.status = state.rule.status;
    fault.after = state.rule.after;
    break;
  }
  return fault;
}

void FaultRules::replace(std::vector<FaultRule> rules) {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  // New rules count from zero, so putting the same document twice repeats the same run.
  for (FaultRule& rule : rules) rules_.push_back({std::move(rule), 0, 0});
  // Relaxed is enough: a request that runs beside the change may see either, and draw() takes the
  // lock for the rules themselves.
  any_.store(!rules_.empty(), std::memory_order_relaxed);
}

void FaultRules::add(std::vector<FaultRule> rules) {
  const std::lock_guard lock(mutex_);
  for (FaultRule& rule : rules) rules_.push_back({std::move(rule), 0, 0});
  any_.store(!rules_.empty(), std::memory_order_relaxed);
}

std::vector<FaultRules::State> FaultRules::list() const {
  const std::lock_guard lock(mutex_);
  // A copy: the rules may change as soon as the lock is released.
  return rules_;
}

FaultRules::Totals FaultRules::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace ecr::server
