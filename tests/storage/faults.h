// Makes this process's file calls fail: the test program defines pwrite, fsync, fdatasync
// and unlinkat itself, which the linker prefers for our code and SQLite's alike. One object at a
// time.
#pragma once

#include <cstdint>
#include <functional>

namespace ecr::storage::test {

// While alive every fsync and fdatasync fails with `error` and does nothing.
class FailSyncs {
 public:
  explicit FailSyncs(int error);
  FailSyncs(const FailSyncs&) = delete;
  FailSyncs& operator=(const FailSyncs&) = delete;
  ~FailSyncs();
};

// While alive writes succeed for `bytes` bytes in all, the last one short, and then fail.
class FailWritesAfter {
 public:
  FailWritesAfter(std::int64_t bytes, int error);
  FailWritesAfter(const FailWritesAfter&) = delete;
  FailWritesAfter& operator=(const FailWritesAfter&) = delete;
  ~FailWritesAfter();
};

// While alive `action` runs before each unlinkat.
class BeforeUnlink {
 public:
  explicit BeforeUnlink(std::function<void()> action);
  BeforeUnlink(const BeforeUnlink&) = delete;
  BeforeUnlink& operator=(const BeforeUnlink&) = delete;
  ~BeforeUnlink();
};

// How often fsync and fdatasync were called so far.
std::uint64_t syncs_so_far();

}  // namespace ecr::storage::test
