#include "server/runtime/request_log.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

#include "api/admin/listing.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using api::HttpRequest;
using api::HttpResponse;
using base::OrderedJson;
using Lines = std::vector<RequestLine>;

// A poll runs on an io thread. At ten polls a second this is more than a person can read.
constexpr std::size_t kMostLinesPerPoll = 500;
constexpr std::size_t kMostText = 640;
constexpr std::size_t kMostError = 2048;

// Keeps the memory that the text of an older line has.
void set(std::string& to, std::string_view text, std::size_t most = kMostText) {
  to.assign(text.substr(0, most));
}

bool is_own_path(std::string_view path) {
  return path.starts_with("/_ecr-local") || path.starts_with("/_localstack/") || path == "/metrics";
}

// Sequences have no gaps, so that a place in the list follows from them.
std::size_t first_place_after(const std::deque<RequestLine>& lines, std::uint64_t after) {
  if (lines.empty() || lines.front().sequence > after) return 0;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(after - lines.front().sequence + 1, lines.size()));
}

OrderedJson text_or_nothing(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

// A caller who was not authenticated, or a request that needed no permission, has no decision.
OrderedJson decision_of(const RequestLine& line) {
  if (line.denied) return "Denied";
  if (line.principal.empty() || line.action.empty()) return {};
  return "Allowed";
}

OrderedJson line_json(const RequestLine& line) {
  OrderedJson json;
  json["sequence"] = line.sequence;
  json["requestId"] = line.request_id;
  json["time"] = base::format_iso8601(line.time);
  json["client"] = line.peer;
  json["method"] = line.method;
  json["path"] = line.path;
  json["status"] = line.status;
  json["micros"] = line.took.count();
  json["bytesIn"] = line.received;
  json["bytesOut"] = line.sent;
  json["action"] = text_or_nothing(line.action);
  json["principal"] = text_or_nothing(line.principal);
  json["decision"] = decision_of(line);
  json["error"] = text_or_nothing(line.error);
  return json;
}

class RequestStream : public api::BodySource {
 public:
  RequestStream(const RequestLog& log, std::uint64_t after) : log_(log), after_(after) {}

  std::string poll() override {
    std::string entries;
    for (const auto& line : log_.first_after(after_, kMostLinesPerPoll)) {
      entries += api::admin::stream_entry(line.sequence, base::dump(line_json(line)));
      after_ = line.sequence;
    }
    return entries;
  }

 private:
  const RequestLog& log_;
  std::uint64_t after_;
};

HttpResponse answer_requests(const RequestLog& log, const HttpRequest& request) {
  api::admin::QueryParameters parameters(request.query());
  api::admin::ListingQuery query;
  take_range(parameters, std::numeric_limits<std::uint64_t>::max(), query);
  finish_listing(parameters, "requests", {}, query);
  if (query.next_token) {
    throw api::admin::ParameterError("nextToken",
                                     "there is one page: limit=1000 has all that is kept");
  }
  if (query.follow) {
    return api::admin::live_stream(
        std::make_shared<RequestStream>(log, query.after.value_or(log.newest())));
  }
  OrderedJson list = OrderedJson::array();
  const Lines lines = log.last_after(query.after.value_or(0), query.limit);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!query.since || line->time >= *query.since) list.push_back(line_json(*line));
  }
  return api::admin::json_response(200, OrderedJson{{"requests", std::move(list)}});
}

}  // namespace

void RequestLog::record(const AccessEntry& entry) {
  const std::string_view path = entry.target.substr(0, entry.target.find('?'));
  if (is_own_path(path)) return;
  const std::lock_guard lock(mutex_);
  RequestLine line;
  if (lines_.size() >= capacity_) {
    line = std::move(lines_.front());
    lines_.pop_front();
  }
  line.sequence = ++newest_;
  line.time = entry.time;
  set(line.request_id, entry.request_id);
  set(line.peer, entry.peer);
  set(line.method, entry.method);
  set(line.path, path);
  line.status = entry.status;
  line.received = entry.received;
  line.sent = entry.sent;
  line.took = entry.took;
  static const api::LogNote nothing;
  const api::LogNote& note = entry.note != nullptr ? *entry.note : nothing;
  set(line.action, note.action);
  set(line.principal, note.principal);
  set(line.error, note.error, kMostError);
  line.denied = note.error_type.starts_with("AccessDenied") || !note.iam_soft.empty();
  lines_.push_back(std::move(line));
}

Lines RequestLog::first_after(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const std::size_t begin = first_place_after(lines_, after);
  const std::size_t count = std::min(limit, lines_.size() - begin);
  const auto from = lines_.begin() + static_cast<std::ptrdiff_t>(begin);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

Lines RequestLog::last_after(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(limit, lines_.size() - first_place_after(lines_, after));
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

std::uint64_t RequestLog::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

api::admin::AdminRoute request_route(const RequestLog& log) {
  return {.method = "GET", .path = "/_ecr-local/requests", .handle = [&log](const HttpRequest& r) {
            return answer_requests(log, r);
          }};
}

}  // namespace ecr::server
