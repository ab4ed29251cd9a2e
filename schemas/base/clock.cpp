// g++ 12 has neither std::format nor std::chrono::parse, so the three formats of AWS's protocols
// are read and written by hand. All readers are strict: a date that two programs could read
// differently is refused.
#include "schemas/base/clock.h"

#include <array>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::base {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// A date and a time of day as numbers. Only to_time_point() checks that they exist.
struct Civil {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

// floor, not duration_cast: before 1970 the latter rounds towards the epoch and would give the next
// second.
Civil to_civil(TimePoint time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<seconds>(time - day)};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<unsigned>(clock.hours().count()),
          static_cast<unsigned>(clock.minutes().count()),
          static_cast<unsigned>(clock.seconds().count())};
}

// Writes a time from left to right, up to 64 characters. By hand: every request is written down
// with several times, and a general formatter costs ten times as much.
class Writer {
 public:
  Writer& digits(unsigned value, std::size_t width) {
    for (std::size_t i = width; i > 0; --i, value /= 10) {
      text_[size_ + i - 1] = static_cast<char>('0' + value % 10);
    }
    size_ += width;
    return *this;
  }
  // Later years have more digits, and earlier ones a sign.
  Writer& year(int value) {
    if (value < 0 || value > 9999) return add(base::format("{:04}", value));
    return digits(static_cast<unsigned>(value), 4);
  }
  Writer& add(std::string_view text) {
    text.copy(text_.data() + size_, text.size());
    size_ += text.size();
    return *this;
  }
  std::string text() const { return std::string(text_.data(), size_); }

 private:
  std::array<char, 64> text_;
  std::size_t size_ = 0;
};

// nullopt: there is no such day or time. A leap second (23:59:60) is refused, because a count of
// seconds since the epoch has no place for it.
std::optional<TimePoint> to_time_point(const Civil& civil) {
  const std::chrono::year_month_day date{
      std::chrono::year{civil.year}, std::chrono::month{civil.month}, std::chrono::day{civil.day}};
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 59) return std::nullopt;
  return std::chrono::sys_days{date} + hours{civil.hour} + minutes{civil.minute} +
         seconds{civil.second};
}

// Reads fields of fixed width from the left. Once a read fails, every later one fails too, so a
// caller checks once at the end.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

  // The number of exactly `width` digits.
  unsigned number(std::size_t width) {
    if (rest_.size() < width) ok_ = false;
    unsigned value = 0;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      if (!is_digit(rest_[i])) ok_ = false;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(width);
    return ok_ ? value : 0;
  }

  // Takes the literal if it comes next. Not taking it is no error: the caller tries another.
  bool accept(std::string_view literal) {
    if (!ok_ || !rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }

  void expect(std::string_view literal) { ok_ = accept(literal); }

  // The index of the name that comes next.
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) {
    for (unsigned i = 0; i < N; ++i) {
      if (accept(names[i])) return i;
    }
    ok_ = false;
    return 0;
  }

  // Reads one or more digits after a decimal point, as milliseconds. Finer digits are cut off, not
  // rounded: rounding could move a time into the next second.
  milliseconds fraction() {
    int value = 0;
    std::size_t width = 0;
    for (; width < rest_.size() && is_digit(rest_[width]); ++width) {
      // Digits are unlimited in number, so the later ones must not enter the sum.
      if (width < 3) value = value * 10 + (rest_[width] - '0');
    }
    if (width == 0) ok_ = false;
    for (std::size_t i = width; i < 3; ++i) value *= 10;
    rest_.remove_prefix(width);
    return milliseconds{value};
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
  bool ok_ = true;
};

// Reads "Z" or an offset, and returns the minutes to subtract from the local time to get UTC.
minutes read_zone(Reader& reader) {
  if (reader.accept("Z")) return minutes{0};
  const bool west = reader.accept("-");
  if (!west) reader.expect("+");
  const unsigned hour = reader.number(2);
  reader.expect(":");
  const unsigned minute = reader.number(2);
  // The reader has no other way to report a wrong value: no text has this literal here, so the read
  // fails.
  if (hour > 23 || minute > 59) reader.expect("an hour of the day");
  const minutes offset = hours{hour} + minutes{minute};
  return west ? -offset : offset;
}

}  // namespace

// RFC 4122 section 4.4: 122 random bits. ECR's upload ids have this form.
std::string make_uuid(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0Fu) | 0x40u);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3Fu) | 0x80u);  // variant 10
  std::string text = to_hex(bytes);
  for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

std::string format_basic(TimePoint time) {
  const Civil c = to_civil(time);
  Writer writer;
  writer.year(c.year).digits(c.month, 2).digits(c.day, 2);
  writer.add("T").digits(c.hour, 2).digits(c.minute, 2).digits(c.second, 2).add("Z");
  return writer.text();
}

std::optional<TimePoint> parse_basic(std::string_view text) {
  Reader reader(text);
  Civil c;
  c.year = static_cast<int>(reader.number(4));
  c.month = reader.number(2);
  c.day = reader.number(2);
  reader.expect("T");
  c.hour = reader.number(2);
  c.minute = reader.number(2);
  c.second = reader.number(2);
  reader.expect("Z");
  return reader.done() ? to_time_point(c) : std::nullopt;
}

std::string format_iso8601(TimePoint time) {
  const Civil c = to_civil(time);
  Writer writer;
  writer.year(c.year).add("-").digits(c.month, 2).add("-").digits(c.day, 2).add("T");
  writer.digits(c.hour, 2).add(":").digits(c.minute, 2).add(":").digits(c.second, 2).add("Z");
  return writer.text();
}

// The W3C profile of ISO 8601 ("Date and Time Formats"), which IAM names for its Date operators. A
// date may end after the year, the month or the day; a time of day needs its zone.
std::optional<TimePoint> parse_iso8601(std::string_view text) {
  Reader reader(text);
  Civil c;
  milliseconds fraction{0};
  minutes offset{0};
  c.year = static_cast<int>(reader.number(4));
  if (reader.accept("-")) {
    c.month = reader.number(2);
    if (reader.accept("-")) {
      c.day = reader.number(2);
      if (reader.accept("T")) {
        c.hour = reader.number(2);
        reader.expect(":");
        c.minute = reader.number(2);
        if (reader.accept(":")) c.second = reader.number(2);
        // Only seconds may have a fraction: "12:30.5" is refused.
        if (text.size() > 19 && text[16] == ':' && reader.accept(".")) fraction = reader.fraction();
        offset = read_zone(reader);
      }
    }
  }
  const auto local = reader.done() ? to_time_point(c) : std::nullopt;
  if (!local) return std::nullopt;
  return *local + fraction - offset;
}

std::string format_http_date(TimePoint time) {
  const Civil c = to_civil(time);
  const std::chrono::weekday weekday{floor<days>(time)};
  Writer writer;
  writer.add(kWeekdays[weekday.c_encoding()]).add(", ").digits(c.day, 2).add(" ");
  writer.add(kMonths[c.month - 1]).add(" ").year(c.year).add(" ");
  writer.digits(c.hour, 2).add(":").digits(c.minute, 2).add(":").digits(c.second, 2).add(" GMT");
  return writer.text();
}

// Accepts only IMF-fixdate, the form that RFC 9110 section 5.6.7 lets senders write. The two
// obsolete forms are refused, and so is a weekday that is not that of the date (test: IsStrict).
std::optional<TimePoint> parse_http_date(std::string_view text) {
  Reader reader(text);
  Civil c;
  const unsigned weekday = reader.name(kWeekdays);
  reader.expect(", ");
  c.day = reader.number(2);
  reader.expect(" ");
  c.month = reader.name(kMonths) + 1;
  reader.expect(" ");
  c.year = static_cast<int>(reader.number(4));
  reader.expect(" ");
  c.hour = reader.number(2);
  reader.expect(":");
  c.minute = reader.number(2);
  reader.expect(":");
  c.second = reader.number(2);
  reader.expect(" GMT");
  const auto time = reader.done() ? to_time_point(c) : std::nullopt;
  if (!time || std::chrono::weekday{floor<days>(*time)}.c_encoding() != weekday) {
    return std::nullopt;
  }
  return time;
}

// A double holds milliseconds exactly enough: today's seconds take 31 of its 53 bits.
double to_epoch_seconds(TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000.0;
}

// The lock covers only the copy of the state; the machine's clock is read outside it. A time that
// was read just before a restore() may still be of the old state, as if the caller had come
// earlier.
TimePoint MovableClock::now() const {
  const State state = this->state();
  return state.frozen_at ? *state.frozen_at : machine_.now() + state.offset;
}

MovableClock::State MovableClock::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void MovableClock::restore(const State& state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}

MovableClock::State MovableClock::state_at(TimePoint time, bool frozen) const {
  if (frozen) return {.offset = {}, .frozen_at = time};
  return {.offset = time - machine_.now(), .frozen_at = {}};
}

}  // namespace ecr::base
