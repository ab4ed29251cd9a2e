// `ecr-local explain`: asks a running server for decisions and failed authentications, and draws
// them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/clock.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/explain_text.h"
#include "server/cli/server_client.h"

namespace ecr::server {
namespace {

using base::OrderedJson;
using base::text_member;

// What one listing of the server has. Decisions and failures are told apart by their members.
class Listings {
 public:
  explicit Listings(const ExplainConfig& config) : config_(config) {}

  // Newest first.
  std::vector<OrderedJson> decisions(const std::string& filters) const {
    return fetch("/_ecr-local/decisions?trace=true" + filters, "decisions", false);
  }
  // Those after the sequence number, whether allowed or denied, without their policies.
  std::vector<OrderedJson> decisions_after(std::uint64_t sequence) const {
    return fetch(base::format("/_ecr-local/decisions?limit=1000&after={}", sequence), "decisions",
                 false);
  }
  // A server before this one has no such listing.
  std::vector<OrderedJson> failures(const std::string& filters) const {
    return fetch("/_ecr-local/authentication-failures?" + filters, "failures", true);
  }
  // The records of the calls of one request.
  std::vector<OrderedJson> records(const std::string& request_id) const {
    return fetch(
        "/_ecr-local/events?kind=record&limit=100&requestId=" + base::percent_encode(request_id),
        "events", true);
  }
  // The time by the clock that decisions have.
  std::optional<base::TimePoint> now() const {
    const auto json = answer("/_ecr-local/clock", true);
    return json && json->is_object() ? base::parse_iso8601(text_member(*json, "now"))
                                     : std::nullopt;
  }

 private:
  // nullopt: absent, or no JSON.
  std::optional<OrderedJson> answer(const std::string& target, bool may_be_absent) const {
    const auto answer =
        ask_server({.url = config_.url, .target = target, .token = config_.admin_token});
    if (may_be_absent && answer.head.status == 404) return std::nullopt;
    if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
    auto json = base::parse_ordered_json(answer.body);
    if (!json) return std::nullopt;
    return std::move(*json);
  }

  std::vector<OrderedJson> fetch(const std::string& target, const char* member,
                                 bool may_be_absent) const {
    const auto json = answer(target, may_be_absent);
    if (may_be_absent && !json) return {};
    if (!json || !json->is_object() || !json->contains(member) || !json->at(member).is_array()) {
      throw std::runtime_error(config_.url + " is not an ecr-local");
    }
    return json->at(member).get<std::vector<OrderedJson>>();
  }

  const ExplainConfig& config_;
};

bool is_failure(const OrderedJson& entry) { return entry.contains("why"); }

std::uint64_t sequence_of(const std::vector<OrderedJson>& newest_first) {
  if (newest_first.empty() || !newest_first[0].is_object()) return 0;
  const auto found = newest_first[0].find("sequence");
  return found != newest_first[0].end() && found->is_number_unsigned() ? found->get<std::uint64_t>()
                                                                       : 0;
}

// In the order in which they happened. Both have the same clock, and their times the same form.
std::vector<OrderedJson> in_order(std::vector<OrderedJson> decisions,
                                  std::vector<OrderedJson> failures) {
  std::reverse(decisions.begin(), decisions.end());
  std::reverse(failures.begin(), failures.end());
  std::vector<OrderedJson> all;
  std::merge(decisions.begin(), decisions.end(), failures.begin(), failures.end(),
             std::back_inserter(all), [](const OrderedJson& a, const OrderedJson& b) {
               return text_member(a, "time") < text_member(b, "time");
             });
  return all;
}

// "2 minutes ago". Minutes are exact enough, and so the same denial is printed the same for a
// while.
std::string age_text(base::TimePoint then, base::TimePoint now) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
  const auto text = [](auto count, const char* unit) {
    return base::format("{} {}{} ago", count, unit, count == 1 ? "" : "s");
  };
  if (minutes < 1) return "less than a minute ago";
  if (minutes < 120) return text(minutes, "minute");
  return minutes < 2 * 24 * 60 ? text(minutes / 60, "hour") : text(minutes / (24 * 60), "day");
}

void add_ages(const Listings& listings, std::vector<OrderedJson>& entries) {
  const auto now = listings.now();
  for (OrderedJson& entry : entries) {
    const auto then = base::parse_iso8601(text_member(entry, "time"));
    if (now && then) entry["age"] = age_text(*then, *now);
  }
}

// What became of the request: a permission is not all that a request needs.
std::string outcome_text(const Listings& listings, const OrderedJson& decision) {
  if (text_member(decision, "decision") != "Allowed") return "was denied";
  for (const OrderedJson& one : listings.records(text_member(decision, "requestId"))) {
    const auto record = one.find("event");
    if (record == one.end() || !record->is_object()) continue;
    const std::string error = text_member(*record, "errorCode");
    if (error.empty()) continue;
    return base::format("was allowed, but failed with {}: {}", error,
                        text_member(*record, "errorMessage"));
  }
  return "was allowed";
}

// People ask after a failure, and the latest denial may be of something else: says what came after
// it, of its caller and of all callers.
void add_later_requests(const Listings& listings, OrderedJson& denial) {
  const auto later = listings.decisions_after(sequence_of({denial}));
  const std::string principal = text_member(denial, "principal");
  const OrderedJson* last = nullptr;
  std::set<std::string> requests;
  for (const OrderedJson& one : later) {
    const std::string id = text_member(one, "requestId");
    if (text_member(one, "principal") != principal || id == text_member(denial, "requestId")) {
      continue;
    }
    if (last == nullptr) last = &one;
    requests.insert(id);
  }
  const auto sentence = [&](const std::string& which, const OrderedJson& decision) {
    return base::format("{}, {} at {}, {}", which, text_member(decision, "action"),
                        text_member(decision, "time"), outcome_text(listings, decision));
  };
  OrderedJson sentences = OrderedJson::array();
  if (last != nullptr) {
    sentences.push_back(sentence(base::format("{} request{} of this principal; the last one",
                                              requests.size(), requests.size() == 1 ? "" : "s"),
                                 *last));
  }
  if (!later.empty() && text_member(later[0], "principal") != principal) {
    sentences.push_back(sentence(
        "the newest request is of " + text_member(later[0], "principal", "anonymous"), later[0]));
  }
  if (!sentences.empty()) denial["since"] = std::move(sentences);
}

class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  void print(const std::vector<OrderedJson>& entries) {
    for (const OrderedJson& entry : entries) {
      if (json_) {
        base::print("{}\n", base::dump(entry));
      } else {
        base::print("{}{}", first_ ? "" : "\n",
                    is_failure(entry) ? failure_text(entry) : explain_text(entry));
      }
      first_ = false;
    }
    std::fflush(stdout);  // a reader of --follow waits for it
  }

 private:
  const bool json_;
  bool first_ = true;
};

std::string denials_of(const ExplainConfig& config) {
  return "&decision=Denied" +
         (config.principal.empty() ? "" : "&principal=" + base::percent_encode(config.principal));
}

// A request can have several decisions (a push needs several actions), so all of them are asked
// for; 1000 is how many the server keeps.
std::vector<OrderedJson> of_request(const Listings& listings, const std::string& id) {
  const std::string filter = "limit=1000&requestId=" + base::percent_encode(id);
  return in_order(listings.decisions("&" + filter), listings.failures(filter));
}

// The last `count` denials. A caller that is not known has no name that could be asked for.
std::vector<OrderedJson> last_denials(const Listings& listings, const ExplainConfig& config,
                                      std::size_t count) {
  const std::string limit = "limit=" + std::to_string(count);
  std::vector<OrderedJson> failures;
  if (config.principal.empty()) failures = listings.failures(limit);
  auto all = in_order(listings.decisions(denials_of(config) + "&" + limit), std::move(failures));
  if (all.size() > count) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
  return all;
}

// Asks again and again, by the sequence numbers that it has seen, until the server is gone or the
// user interrupts.
[[noreturn]] void follow_denials(const Listings& listings, const ExplainConfig& config,
                                 Printer& printer) {
  constexpr std::chrono::milliseconds kPause(300);
  std::uint64_t decided = sequence_of(listings.decisions("&limit=1"));
  std::uint64_t failed = sequence_of(listings.failures("limit=1"));
  if (config.last > 0) {
    printer.print(last_denials(listings, config, static_cast<std::size_t>(config.last)));
  }
  for (;;) {
    auto decisions =
        listings.decisions(base::format("{}&limit=1000&after={}", denials_of(config), decided));
    std::vector<OrderedJson> failures;
    if (config.principal.empty()) {
      failures = listings.failures(base::format("limit=1000&after={}", failed));
    }
    decided = std::max(decided, sequence_of(decisions));
    failed = std::max(failed, sequence_of(failures));
    printer.print(in_order(std::move(decisions), std::move(failures)));
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

int run_explain(const ExplainConfig& config) {
  const Listings listings(config);
  Printer printer(config.json);
  if (config.follow) follow_denials(listings, config, printer);
  const bool one = !config.request_id.empty();
  auto found = one ? of_request(listings, config.request_id)
                   : last_denials(listings, config,
                                  config.last > 0 ? static_cast<std::size_t>(config.last) : 1);
  if (!found.empty()) {
    add_ages(listings, found);
    if (!one && !is_failure(found.back())) add_later_requests(listings, found.back());
    printer.print(found);
    return 0;
  }
  const std::string whose = config.principal.empty() ? "" : " of " + config.principal;
  base::print(
      stderr, "ecr-local: {}\n",
      one ? base::format("no decision of request {} is recorded, and no failed authentication (the "
                         "server keeps the last 1000 of each until it stops, and with --iam off no "
                         "decisions)",
                         config.request_id)
          : "no denial" + whose + " is recorded");
  return kExitNo;
}

}  // namespace ecr::server
