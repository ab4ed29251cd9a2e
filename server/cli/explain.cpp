// `ecr-local explain`: asks a running server for decisions and failed authentications, and draws
// them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

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
  // A server before this one has no such listing.
  std::vector<OrderedJson> failures(const std::string& filters) const {
    return fetch("/_ecr-local/authentication-failures?" + filters, "failures", true);
  }

 private:
  std::vector<OrderedJson> fetch(const std::string& target, const char* member,
                                 bool may_be_absent) const {
    const auto answer =
        ask_server({.url = config_.url, .target = target, .token = config_.admin_token});
    if (may_be_absent && answer.head.status == 404) return {};
    if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
    auto json = base::parse_ordered_json(answer.body);
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
  const auto found =
      one ? of_request(listings, config.request_id)
          : last_denials(listings, config,
                         config.last > 0 ? static_cast<std::size_t>(config.last) : 1);
  if (!found.empty()) {
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
