#include "api/admin/clock_routes.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/core/background/jobs.h"
#include "schemas/base/duration.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/jobs.h"
#include "storage/rows/server_state.h"

namespace ecr::api::admin {
namespace {

using Json = nlohmann::json;
using base::MovableClock;
using base::TimePoint;
using std::chrono::milliseconds;

// The clock must stay below the year 10,000, because ISO 8601 has four digits for a year; tokens
// and sessions end some time after the clock's own time, so the limit is earlier.
constexpr TimePoint kEnd = std::chrono::sys_days(std::chrono::year{9000} / 1 / 1);

// The members of the body, typed.
struct Change {
  bool reset = false;
  std::optional<TimePoint> now;
  std::optional<milliseconds> advance;
  std::optional<bool> freeze;
};

bool read_flag(const std::string& name, const Json& value) {
  if (!value.is_boolean()) throw ParameterError(name, "must be true or false");
  return value.get<bool>();
}

TimePoint read_time(const std::string& name, const Json& value) {
  const auto time =
      value.is_string() ? base::parse_iso8601(value.get<std::string>()) : std::nullopt;
  if (!time) throw ParameterError(name, "must be a time in ISO 8601, as \"2030-01-31T12:00:00Z\"");
  return *time;
}

// A plain number is seconds. The limit keeps the result far from an overflow; kEnd is checked
// later.
milliseconds read_duration(const std::string& name, const Json& value) {
  std::optional<milliseconds> duration;
  if (value.is_string()) {
    duration = base::parse_duration(value.get<std::string>());
  } else if (value.is_number()) {
    const double seconds = value.get<double>();
    if (seconds >= 0 && seconds < 1e12) {
      duration = milliseconds(static_cast<std::int64_t>(std::llround(seconds * 1000)));
    }
  }
  if (!duration) {
    throw ParameterError(
        name,
        "must be a number of seconds, or a text as \"90d\" or \"1d12h\" (w, d, h, m, "
        "s); the clock moves forward only");
  }
  return *duration;
}

// Every fault is reported before anything changes: the body is read as a whole first.
Change read_change(const std::string& body) {
  const auto parsed = base::parse_json(body);
  if (!parsed) throw ParameterError("body", parsed.error().detail);
  if (!parsed->is_object() || parsed->empty()) {
    throw ParameterError("body", "must be a JSON object with reset, now, advance or freeze");
  }
  Change change;
  for (const auto& [name, value] : parsed->items()) {
    if (name == "reset") {
      change.reset = read_flag(name, value);
      if (!change.reset) throw ParameterError(name, "must be true");
    } else if (name == "now") {
      change.now = read_time(name, value);
    } else if (name == "advance") {
      change.advance = read_duration(name, value);
    } else if (name == "freeze") {
      change.freeze = read_flag(name, value);
    } else {
      throw ParameterError(
          name,
          "is not known here" + base::did_you_mean(name, {"reset", "now", "advance", "freeze"}));
    }
  }
  if (change.now && change.advance) throw ParameterError("advance", "cannot be given with now");
  if (change.reset && (change.now || change.advance)) {
    throw ParameterError("reset", "cannot be given with now or advance");
  }
  return change;
}

// The clock's state after the change. Clients may rely on time that does not run backwards (page
// order, expiry, "last used"), so only "reset" may take the clock back.
MovableClock::State changed(const MovableClock& clock, TimePoint machine, const Change& change) {
  const bool frozen = change.freeze.value_or(!change.reset && clock.state().frozen_at.has_value());
  if (change.reset) {
    return frozen ? clock.state_at(machine, true) : MovableClock::State{};
  }
  const TimePoint before = clock.now();
  TimePoint now = before;
  if (change.now) now = *change.now;
  if (change.advance) now += *change.advance;
  const char* const member = change.now ? "now" : "advance";
  if (now < before) {
    throw ParameterError(member,
                         "is before " + base::format_iso8601(before) +
                             ", and the clock moves forward only (\"reset\" takes it back to "
                             "the machine's time)");
  }
  if (now >= kEnd) throw ParameterError(member, "must be before the year 9000");
  if (!change.now && !change.advance && !frozen && !clock.state().frozen_at) return clock.state();
  return clock.state_at(now, frozen);
}

// "machine" shows the time of signatures: clients sign with their own clock, so those are verified
// by the machine's time.
Json clock_json(const Services& services, const MovableClock& clock) {
  const TimePoint now = clock.now();
  const TimePoint machine = services.machine_clock.now();
  return {{"now", base::format_iso8601(now)},
          {"machine", base::format_iso8601(machine)},
          {"frozen", clock.state().frozen_at.has_value()},
          {"offsetSeconds", static_cast<double>((now - machine).count()) / 1000}};
}

}  // namespace

HttpResponse clock_response(const Services& services, const MovableClock& clock) {
  return json_response(200, clock_json(services, clock));
}

HttpResponse move_clock_response(const Services& services, MovableClock& clock,
                                 const HttpRequest& request) {
  const Change change = read_change(request.body);
  auto txn = services.store.database().begin(storage::sql::Access::kWrite);
  const TimePoint machine = services.machine_clock.now();
  const auto state = changed(clock, machine, change);
  // A job that is due by the moved clock would, after the reset, wait for as long as the clock had
  // been moved: jobs are moved back by the same time.
  const TimePoint after = state.frozen_at.value_or(machine + state.offset);
  if (change.reset && after < clock.now()) storage::shift_jobs(txn, clock.now() - after);
  storage::save_clock(txn, state);
  // The clock changes after the commit, still under the writer's lock: no other request sees the
  // new time before it is durable.
  txn.commit_then([&] { clock.restore(state); });
  services.job_signal.notify();
  return clock_response(services, clock);
}

}  // namespace ecr::api::admin
