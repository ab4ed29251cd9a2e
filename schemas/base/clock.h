// The sources of time and randomness. They are injected everywhere, so that a test or an operator
// can freeze the clock and make ids repeatable; nothing else in the program asks the system.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ecr::base {

// UTC, to the millisecond (the precision of ECR's timestamps).
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

// A clock that can be frozen, and moved forward relative to another clock, so that a test sees in a
// second the end of a 12-hour token or of a 90-day rule. Thread-safe.
class MovableClock : public Clock {
 public:
  // How it differs from the machine's clock; both empty: not at all.
  struct State {
    std::chrono::milliseconds offset{0};
    std::optional<TimePoint> frozen_at = {};  // then `offset` says nothing
    friend bool operator==(const State&, const State&) = default;
  };

  // `machine` outlives it.
  explicit MovableClock(const Clock& machine) : machine_(machine) {}

  TimePoint now() const override;
  State state() const;
  void restore(const State& state);

  // The state in which the clock shows `time` now and then runs on, or stands.
  State state_at(TimePoint time, bool frozen) const;

 private:
  const Clock& machine_;
  mutable std::mutex mutex_;
  State state_;
};

// Cryptographically strong in production. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// RFC 4122 version 4, lower case: "d1f0c2e4-...".
std::string make_uuid(Random& random);

// "20150830T123600Z" (ISO 8601 basic, the form of SigV4).
std::string format_basic(TimePoint time);
// Strict inverse of format_basic: exactly yyyymmddThhmmssZ, a real date.
std::optional<TimePoint> parse_basic(std::string_view text);

// "2015-08-30T12:36:00Z" (IAM, STS, policy dates).
std::string format_iso8601(TimePoint time);
// W3C ISO 8601 at any precision it allows: YYYY, YYYY-MM, YYYY-MM-DD, then Thh:mm[:ss[.fff]] with
// Z or +hh:mm/-hh:mm.
std::optional<TimePoint> parse_iso8601(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (HTTP's Date, RFC 9110).
std::string format_http_date(TimePoint time);
std::optional<TimePoint> parse_http_date(std::string_view text);

// Seconds since the epoch with milliseconds as fraction: AWS JSON 1.1's timestamp.
double to_epoch_seconds(TimePoint time);

}  // namespace ecr::base
