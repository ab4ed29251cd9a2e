#include "server/runtime/access_log.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

// Lines wait a quarter of a second at most (Server's sweep flushes), so this is reached only under
// load, where one system call then writes some hundreds of lines.
constexpr std::size_t kFlushAt = 64u << 10;

// The query of a presigned URL is a credential. AccessLog.AnEntryIsOneLineWithoutTheQuery and
// integration/test_observability.py, test_no_secret_leaves_the_server, show that it is not logged.
std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// Control characters become "\x0a": a client must not write lines of its own into the log, or
// sequences that a terminal obeys.
std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += base::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

// The request's id and the peer are made here and need no escaping; the method and the target are
// the client's. The order of the fields is fixed, and fields that may be absent come last, so that
// scripts can split a line at spaces.
std::string to_text(const AccessEntry& entry) {
  std::string line = base::format("{} {} {} \"{} {}\" {} in={} out={} us={}",
                                  base::format_iso8601(entry.time), entry.request_id, entry.peer,
                                  one_line(entry.method), one_line(without_query(entry.target)),
                                  entry.status, entry.received, entry.sent, entry.took.count());
  if (entry.note == nullptr) return line;
  if (!entry.note->action.empty()) line += " action=" + entry.note->action;
  // A user's name and an error may quote what a client sent.
  if (!entry.note->principal.empty()) line += " principal=" + one_line(entry.note->principal);
  if (!entry.note->error.empty()) line += " error=\"" + one_line(entry.note->error) + '"';
  return line;
}

// JSON escapes control characters itself, so nothing passes one_line() here. The members are those
// of the text form, under longer names.
std::string to_json(const AccessEntry& entry) {
  nlohmann::json json = {{"time", base::format_iso8601(entry.time)},
                         {"requestId", entry.request_id},
                         {"peer", entry.peer},
                         {"method", entry.method},
                         {"path", without_query(entry.target)},
                         {"status", entry.status},
                         {"bytesIn", entry.received},
                         {"bytesOut", entry.sent},
                         {"micros", entry.took.count()}};
  if (entry.note != nullptr) {
    if (!entry.note->action.empty()) json["action"] = entry.note->action;
    if (!entry.note->principal.empty()) json["principal"] = entry.note->principal;
    if (!entry.note->error.empty()) json["error"] = entry.note->error;
  }
  return base::dump(json);
}

}  // namespace

void AccessLog::write(const AccessEntry& entry) {
  if (format_ == LogFormat::kOff) return;
  add(format_ == LogFormat::kJson ? to_json(entry) : to_text(entry));
}

// In the JSON format every line has to be JSON, or a program that reads the log stops at it.
void AccessLog::say(std::string_view message) {
  if (format_ == LogFormat::kJson) {
    add(base::dump(nlohmann::json{{"message", message}}));
  } else {
    add(std::string(message));
  }
  flush();
}

void AccessLog::add(std::string line) {
  line += '\n';
  const std::lock_guard lock(mutex_);
  // The line was formatted before the lock was taken; only the copy is made under it.
  pending_ += line;
  if (pending_.size() < kFlushAt) return;
  // One write for many lines. It may block while a pipe is full; a line is lost when the write
  // fails or is cut short, because a log must not stop the service.
  [[maybe_unused]] const auto n = ::write(fd_, pending_.data(), pending_.size());
  pending_.clear();
}

void AccessLog::flush() {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return;
  // As in add(): the result is ignored, because a log that cannot be written must not stop the
  // service.
  [[maybe_unused]] const auto n = ::write(fd_, pending_.data(), pending_.size());
  pending_.clear();
}

}  // namespace ecr::server
