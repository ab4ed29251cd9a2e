#include "server/runtime/access_log.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

// Lines wait a quarter of a second at most, or until there are some hundreds of them.
constexpr std::chrono::milliseconds kCollect{250};
constexpr std::size_t kFlushAt = 64u << 10;
// How long the end of the program waits for a reader of the last lines.
constexpr std::chrono::seconds kLastLines{1};
constexpr std::chrono::milliseconds kWritePoll{50};

// Bytes of a line for the texts that clients make, escapes included. Together with the rest they
// stay below kMaxLogLine. A path of ECR has at most 256 characters of a name and 135 of a digest.
constexpr std::size_t kMaxWord = 128;  // method, action
constexpr std::size_t kMaxText = 640;  // path, principal
constexpr std::size_t kMaxError = 2048;

// The query of a presigned URL is a credential. AccessLog.AnEntryIsOneLineWithoutTheQuery and
// integration/test_observability.py, test_no_secret_leaves_the_server, show that it is not logged.
std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Nearly every text of a line: it stands in the log as it is.
bool is_plain(std::string_view text, std::size_t limit) {
  return text.size() <= limit && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '\\';
         });
}

// The front of the text that takes at most `limit` bytes of a line, escapes included, in either
// format. It ends with a whole character. `word`: spaces are escaped, too.
std::string_view cut_for_log(std::string_view text, std::size_t limit, bool word = false) {
  if (is_plain(text, limit)) return text;
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = base::next_code_point(text, at);
    if (c == base::kBadCodePoint) ++at;
    const bool escapes = c == base::kBadCodePoint || is_control(c) || (word && c == ' ');
    // "\u0001" in JSON; a control of two bytes is "\xc2\x9b" in text.
    size += escapes ? 8 : c == '"' || c == '\\' ? 2 : at - begin;
    if (size > limit) return text.substr(0, begin);
  }
  return text;
}

// The text with everything escaped ("\x0a") that could end a line or a quoted field, that a
// terminal obeys (C0 and C1 controls), or that is not UTF-8. Where it is cut it ends with "...".
std::string log_text(std::string_view text, std::size_t limit) {
  if (is_plain(text, limit)) return std::string(text);
  const std::string_view kept = cut_for_log(text, limit);
  std::string out;
  out.reserve(kept.size());
  for (std::size_t at = 0; at < kept.size();) {
    const std::size_t begin = at;
    const char32_t c = base::next_code_point(kept, at);
    if (c == base::kBadCodePoint) ++at;
    if (c == '"' || c == '\\') out += '\\';
    if (c != base::kBadCodePoint && !is_control(c)) {
      out.append(kept.substr(begin, at - begin));
      continue;
    }
    for (const char byte : kept.substr(begin, at - begin)) {
      out += base::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  if (kept.size() < text.size()) out += "...";
  return out;
}

// The same for a field that ends at the next space.
std::string log_word(std::string_view text, std::size_t limit) {
  if (is_plain(text, limit)) return std::string(text);
  const std::string_view kept = cut_for_log(text, limit, true);
  std::string word = log_text(kept, limit);
  if (kept.size() < text.size()) word += "...";
  base::replace_all(word, " ", "\\x20");
  return word;
}

// A message of the server, which may quote a path or an error of the system.
std::string plain_line(std::string_view message, std::size_t limit) {
  std::string out;
  for (const char c : cut_for_log(message, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

// The most that one write(2) takes without blocking once poll(2) has said that there is room. A
// pipe has room for PIPE_BUF bytes then (pipe(7)); a terminal for 256 (Linux, WAKEUP_CHARS).
std::size_t bytes_at_once(int fd) {
  struct stat state {};
  if (::fstat(fd, &state) == 0 && S_ISREG(state.st_mode)) return SIZE_MAX;
  return ::isatty(fd) == 1 ? 256 : PIPE_BUF;
}

// A request that fails for another reason has both texts, and one line has no room for two long
// ones.
std::size_t soft_limit(const api::LogNote& note) { return note.error.empty() ? kMaxError : 256; }

}  // namespace

std::string AccessLog::decision_address(const AccessEntry& entry) const {
  if (console_.empty() || entry.note == nullptr || !entry.note->denied) return {};
  return base::format("{}#/denied/{}", console_, entry.request_id);
}

// The request's id and the peer are made here and need no escaping; the other texts are the
// client's, or quote it. The order of the fields is fixed, and fields that may be absent come last,
// so that scripts can split a line at spaces.
std::string AccessLog::to_text(const AccessEntry& entry) const {
  std::string line = base::format("{} {} {} \"{} {}\" {} bytes_in={} bytes_out={} microseconds={}",
                                  base::format_iso8601(entry.time), entry.request_id, entry.peer,
                                  log_word(entry.method, kMaxWord),
                                  log_word(without_query(entry.target), kMaxText), entry.status,
                                  entry.received, entry.sent, entry.took.count());
  if (entry.note == nullptr) return line;
  if (!entry.note->action.empty()) line += " action=" + log_word(entry.note->action, kMaxWord);
  if (!entry.note->principal.empty()) {
    line += " principal=" + log_word(entry.note->principal, kMaxText);
  }
  if (!entry.note->error.empty()) {
    line += " error=\"" + log_text(entry.note->error, kMaxError) + '"';
  }
  if (!entry.note->iam_soft.empty()) {
    line += " iam_soft=\"" + log_text(entry.note->iam_soft, soft_limit(*entry.note)) + '"';
  }
  if (const auto address = decision_address(entry); !address.empty()) line += " console=" + address;
  return line;
}

// JSON escapes control characters itself, and base::dump() makes bad bytes valid. The members are
// those of the text form, under longer names.
std::string AccessLog::to_json(const AccessEntry& entry) const {
  nlohmann::json json = {{"time", base::format_iso8601(entry.time)},
                         {"requestId", entry.request_id},
                         {"peer", entry.peer},
                         {"method", cut_for_log(entry.method, kMaxWord)},
                         {"path", cut_for_log(without_query(entry.target), kMaxText)},
                         {"status", entry.status},
                         {"bytesIn", entry.received},
                         {"bytesOut", entry.sent},
                         {"microseconds", entry.took.count()}};
  if (entry.note != nullptr) {
    if (!entry.note->action.empty()) json["action"] = cut_for_log(entry.note->action, kMaxWord);
    if (!entry.note->principal.empty())
      json["principal"] = cut_for_log(entry.note->principal, kMaxText);
    if (!entry.note->error.empty()) json["error"] = cut_for_log(entry.note->error, kMaxError);
    if (!entry.note->iam_soft.empty()) {
      json["iamSoft"] = cut_for_log(entry.note->iam_soft, soft_limit(*entry.note));
    }
    if (auto address = decision_address(entry); !address.empty()) {
      json["console"] = std::move(address);
    }
  }
  return base::dump(json);
}

AccessLog::AccessLog(LogFormat format, int fd, std::size_t most_pending)
    : format_(format),
      fd_(fd),
      most_pending_(most_pending),
      at_once_(bytes_at_once(fd)),
      writer_([this](base::BackgroundStop& stop) { run(stop); }) {}

void AccessLog::write(const AccessEntry& entry) {
  if (format_ == LogFormat::kOff) return;
  // Formatted before the lock is taken; only the copy is made under it.
  add(format_ == LogFormat::kJson ? to_json(entry) : to_text(entry), false);
}

void AccessLog::say(std::string_view message) { add(line_of_message(message), true); }

// In the JSON format every line has to be JSON, or a program that reads the log stops at it.
std::string AccessLog::line_of_message(std::string_view message) const {
  constexpr std::size_t kMaxMessage = kMaxLogLine - 256;
  if (format_ == LogFormat::kJson) {
    return base::dump(nlohmann::json{{"message", cut_for_log(message, kMaxMessage)}});
  }
  return plain_line(message, kMaxMessage);
}

void AccessLog::add(std::string line, bool urgent) {
  line += '\n';
  bool wake = urgent;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + in_flight_ + line.size() > most_pending_) {
      ++untold_;
      drop(1);
      return;
    }
    // The thread sleeps only while nothing is pending, or until enough is.
    wake = wake || pending_.empty() ||
           (pending_.size() < kFlushAt && pending_.size() + line.size() >= kFlushAt);
    pending_ += line;
    urgent_ = urgent_ || urgent;
  }
  if (wake) wake_.notify_one();
}

void AccessLog::settle(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  written_.wait_for(lock, at_most, [this] { return pending_.empty() && in_flight_ == 0; });
}

void AccessLog::drop(std::uint64_t lines) { dropped_.fetch_add(lines, std::memory_order_relaxed); }

void AccessLog::run(base::BackgroundStop& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, stop.token(), [this] { return !pending_.empty(); });
    if (pending_.empty()) return;  // the stop was requested
    wake_.wait_for(lock, stop.token(), kCollect,
                   [this] { return urgent_ || pending_.size() >= kFlushAt; });
    std::string batch = std::exchange(pending_, {});
    const std::uint64_t untold = std::exchange(untold_, 0);
    urgent_ = false;
    in_flight_ = batch.size();
    lock.unlock();
    if (untold > 0) {
      batch +=
          line_of_message(base::format(
              "ecr-local: {} lines of the log were dropped, because nothing read them", untold)) +
          '\n';
    }
    write_out(batch, stop);
    lock.lock();
    in_flight_ = 0;
    written_.notify_all();
  }
}

// A write that would block is not begun, so that the end of the program never waits for a reader
// that is not there.
void AccessLog::write_out(std::string_view bytes, const base::BackgroundStop& stop) {
  std::optional<std::chrono::steady_clock::time_point> give_up;
  while (!bytes.empty()) {
    if (stop.requested()) {
      const auto now = std::chrono::steady_clock::now();
      if (!give_up) give_up = now + kLastLines;
      if (now >= *give_up) break;
    }
    pollfd state{fd_, POLLOUT, 0};
    const int ready = ::poll(&state, 1, static_cast<int>(kWritePoll.count()));
    if (ready < 0 && errno != EINTR) break;
    if (ready <= 0) continue;
    // The reader is gone: a write would raise SIGPIPE.
    if ((state.revents & (POLLERR | POLLNVAL)) != 0) break;
    const ssize_t n = ::write(fd_, bytes.data(), std::min(bytes.size(), at_once_));
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      break;  // a full disk, say: a log must not stop the service
    }
  }
  drop(static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n')));
}

}  // namespace ecr::server
