// The memory that requests of callers who are not authenticated yet may hold, counted over the
// whole server: their bodies, and heads above the ordinary size. The budget is thread-safe; a claim
// belongs to one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ecr::server {

// One body of the largest limit (32 MiB, UploadLayerPart) fits at a time, and what is decoded of
// bodies and held by connections beside it stays below 64 MiB together with this.
inline constexpr std::size_t kUnauthenticatedBytes = 40u << 20;
// This much is kept for small claims, so that a few large bodies do not shut out everybody else.
inline constexpr std::size_t kReservedForSmall = 4u << 20;
// A claim up to this size is small. It is far above an ordinary call's.
inline constexpr std::size_t kSmallClaim = 64u << 10;

class MemoryBudget {
 public:
  class Claim {
   public:
    explicit Claim(MemoryBudget& budget) : budget_(budget) {}
    ~Claim() { release(); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    // Makes the claim at least `bytes` large. False: there is no room, and nothing has changed.
    bool grow_to(std::size_t bytes);
    void release();
    std::size_t bytes() const { return bytes_; }

   private:
    MemoryBudget& budget_;
    std::size_t bytes_ = 0;
  };

  // REQUIRES: limit > kReservedForSmall.
  explicit MemoryBudget(std::size_t limit = kUnauthenticatedBytes) : limit_(limit) {}

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }
  // How many requests found no room within the time that they could wait for it.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  void count_refused() { refused_.fetch_add(1, std::memory_order_relaxed); }

 private:
  bool take(std::size_t bytes, std::size_t ceiling);

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace ecr::server
