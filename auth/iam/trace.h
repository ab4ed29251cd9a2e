// The reasons why statements did or did not apply, one for every statement of every policy
// consulted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ecr::auth::iam {

enum class DecidedBy : std::uint8_t {
  kIdentity,
  kResource,
  kBoundary,
  kSession,
  kScp,
  kRcp,
  kScopeDown,
  kEndpoint
};

// The first test that the statement failed, in this order.
enum class Outcome : std::uint8_t {
  kMatched,
  kPrincipalMismatch,
  kActionMismatch,
  kResourceMismatch,
  kConditionMismatch
};

struct TraceEntry {
  DecidedBy type = DecidedBy::kIdentity;
  Outcome outcome = Outcome::kMatched;
  std::uint16_t level = 0;   // of SCPs and RCPs
  std::uint16_t policy = 0;  // index into its list of the PolicySet
  std::uint16_t statement = 0;
  std::int16_t condition = -1;  // kConditionMismatch: which condition of the statement, in order
};

// A vector of entries, the first of them inside the object: a decision rarely allocates.
class Trace {
 public:
  void push_back(const TraceEntry& entry) {
    if (size_ < kInline) {
      inline_[size_++] = entry;
      return;
    }
    if (size_ == kInline) heap_.assign(inline_.begin(), inline_.end());
    heap_.push_back(entry);
    ++size_;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const TraceEntry* begin() const { return size_ <= kInline ? inline_.data() : heap_.data(); }
  const TraceEntry* end() const { return begin() + size_; }
  const TraceEntry& operator[](std::size_t index) const { return begin()[index]; }

 private:
  static constexpr std::size_t kInline = 24;
  std::size_t size_ = 0;
  std::array<TraceEntry, kInline> inline_;
  std::vector<TraceEntry> heap_;
};

}  // namespace ecr::auth::iam
