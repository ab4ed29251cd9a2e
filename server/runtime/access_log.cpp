#include "server/runtime/access_log.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

constexpr std::size_t kFlushAt = 64u << 10;

// The query of a presigned URL is a credential.
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

std::string to_text(const AccessEntry& entry) {
  std::string line = base::format("{} {} {} \"{} {}\" {} in={} out={} us={}",
                                  base::format_iso8601(entry.time), entry.request_id, entry.peer,
                                  one_line(entry.method), one_line(without_query(entry.target)),
                                  entry.status, entry.received, entry.sent, entry.took.count());
  if (entry.note == nullptr) return line;
  if (!entry.note->action.empty()) line += " action=" + entry.note->action;
  if (!entry.note->principal.empty()) line += " principal=" + one_line(entry.note->principal);
  if (!entry.note->error.empty()) line += " error=\"" + one_line(entry.note->error) + '"';
  return line;
}

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
  pending_ += line;
  if (pending_.size() < kFlushAt) return;
  [[maybe_unused]] const auto n = ::write(fd_, pending_.data(), pending_.size());
  pending_.clear();
}

void AccessLog::flush() {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return;
  // A log that cannot be written must not stop the service.
  [[maybe_unused]] const auto n = ::write(fd_, pending_.data(), pending_.size());
  pending_.clear();
}

}  // namespace ecr::server
