#include "server/faults/fault_json.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using base::Json;
using base::OrderedJson;

// Each request draws every rule that matches it, under a lock; a thousand is far above what a test
// needs.
constexpr std::size_t kMostRules = 1000;
// Ten minutes is far longer than the SDKs wait for an answer by default.
constexpr std::int64_t kMostMilliseconds = 600'000;

[[noreturn]] void fail_rule(const std::string& place, const std::string& what) {
  throw FaultError(place.empty() ? what : place + ": " + what);
}

// The members of one rule; each error names the place.
class RuleReader {
 public:
  RuleReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) fail_rule(place_, "must be an object");
  }

  // Each name that is asked for becomes a known one; finish() refuses the rest. So the list of
  // members is written once, by the code that reads them.
  const Json* find(const char* name) {
    known_.emplace_back(name);
    const auto at = json_.find(name);
    return at == json_.end() ? nullptr : &*at;
  }
  std::string path(const char* name) const { return place_.empty() ? name : place_ + "." + name; }

  std::optional<std::string> text(const char* name) {
    const Json* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) fail_rule(path(name), "must be a string");
    return value->get<std::string>();
  }
  // 1.0 and -1 are refused as well: nlohmann::json calls only whole numbers without a sign
  // unsigned.
  std::optional<std::uint64_t> number(const char* name, std::uint64_t least, std::uint64_t most) {
    const Json* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() < least ||
        value->get<std::uint64_t>() > most) {
      fail_rule(path(name), base::format("must be a whole number from {} to {}", least, most));
    }
    return value->get<std::uint64_t>();
  }
  // A misspelt "cuont" would otherwise be a rule without a limit (FaultJson.ErrorsNameTheField).
  void finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        fail_rule(path(key.c_str()), "is not known here" + base::did_you_mean(key, known_));
      }
    }
  }

 private:
  const Json& json_;
  const std::string place_;
  std::vector<std::string> known_;
};

// The kind decides which other members make sense, so it has no default.
FaultKind read_kind(RuleReader& reader) {
  const auto text = reader.text("kind");
  if (text) {
    for (const FaultKind kind :
         {FaultKind::kThrottle, FaultKind::kError, FaultKind::kLatency, FaultKind::kReset}) {
      if (*text == name_of(kind)) return kind;
    }
  }
  fail_rule(reader.path("kind"), "must be throttle, error, latency or reset");
}

std::string read_operation(RuleReader& reader, const std::vector<std::string>& operations) {
  // A pattern that matches no operation would inject nothing, and a test with it would pass for the
  // wrong reason.
  const std::string pattern = reader.text("operation").value_or("*");
  for (const std::string& operation : operations) {
    if (fault_matches(pattern, operation)) return pattern;
  }
  // Suggestions have the form that the user chose: with or without the service.
  std::vector<std::string> names = operations;
  if (pattern.find(':') == pattern.npos) {
    for (std::string& name : names) name.erase(0, name.find(':') + 1);
  }
  fail_rule(reader.path("operation"), "no operation is called " + pattern.substr(0, 100) +
                                          base::did_you_mean(pattern, names));
}

double read_rate(RuleReader& reader) {
  const Json* const value = reader.find("rate");
  if (value == nullptr) return 1;
  const double rate = value->is_number() ? value->get<double>() : -1;
  // Written so that a value that is no number (NaN) fails, too.
  if (!(rate >= 0 && rate <= 1)) fail_rule(reader.path("rate"), "must be a number from 0 to 1");
  return rate;
}

std::uint64_t random_seed(base::Random& random) {
  // Four bytes: a seed that a report shows should be short enough to be typed again.
  std::uint8_t bytes[4];
  random.fill(bytes);
  std::uint32_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return seed;
}

// A member that only one kind of rule has.
void require_kind(const RuleReader& reader, const char* name, bool given, bool right,
                  std::string_view kind) {
  if (given && !right)
    fail_rule(reader.path(name), base::format("only a rule of kind {} has it", kind));
}

FaultRule read_rule(const Json& json, const std::string& place,
                    const std::vector<std::string>& operations, base::Random& random) {
  RuleReader reader(json, place);
  FaultRule rule;
  rule.kind = read_kind(reader);
  rule.operation = read_operation(reader, operations);
  rule.rate = read_rate(reader);
  rule.count = reader.number("count", 1, UINT32_MAX);
  const auto seed = reader.number("seed", 0, UINT32_MAX);
  rule.seed = seed ? *seed : random_seed(random);
  const auto latency = reader.number("milliseconds", 1, kMostMilliseconds);
  require_kind(reader, "milliseconds", latency.has_value(), rule.kind == FaultKind::kLatency,
               "latency");
  // A latency without a length would be a rule that does nothing.
  if (rule.kind == FaultKind::kLatency && !latency) {
    fail_rule(reader.path("milliseconds"), "must be given for latency");
  }
  rule.latency = std::chrono::milliseconds(latency.value_or(0));
  // SDKs retry these; a 4xx other than throttling says that the request itself is wrong.
  const auto status = reader.number("status", 500, 504);
  require_kind(reader, "status", status.has_value(), rule.kind == FaultKind::kError, "error");
  rule.status = static_cast<int>(status.value_or(500));
  if (const Json* const after = reader.find("after")) {
    if (!after->is_boolean()) fail_rule(reader.path("after"), "must be true or false");
    rule.after = after->get<bool>();
    require_kind(reader, "after", rule.after, rule.kind == FaultKind::kReset, "reset");
  }
  reader.finish();
  return rule;
}

}  // namespace

std::vector<FaultRule> parse_fault_rules(std::string_view text,
                                         const std::vector<std::string>& operations,
                                         base::Random& random) {
  const auto json = base::parse_json(text);
  if (!json) throw FaultError(base::format("line {}: {}", json.error().line, json.error().detail));
  if (!json->is_object()) throw FaultError("must be {\"rules\": [...]}, or one rule");
  // The short form: the document is one rule.
  if (!json->contains("rules")) return {read_rule(*json, "", operations, random)};
  const Json& list = json->at("rules");
  if (!list.is_array() || list.size() > kMostRules) {
    fail_rule("rules", base::format("must be a list of no more than {} rules", kMostRules));
  }
  if (json->size() > 1) fail_rule("rules", "must be alone");
  // All rules are read before one is used, so a document with an error changes nothing
  // (integration/test_faults.py, test_what_is_wrong_is_named_and_changes_nothing).
  std::vector<FaultRule> rules;
  for (std::size_t i = 0; i < list.size(); ++i) {
    rules.push_back(read_rule(list[i], base::format("rules[{}]", i), operations, random));
  }
  return rules;
}

// The form that PUT takes, and two counters. A seed that was drawn is shown, so a run that found a
// fault can be repeated with it.
std::string fault_rules_json(const std::vector<FaultRules::State>& rules) {
  OrderedJson list = OrderedJson::array();
  for (const FaultRules::State& state : rules) {
    const FaultRule& rule = state.rule;
    // Members that belong to another kind are left out, because reading the document again would
    // refuse them.
    OrderedJson json = {{"operation", rule.operation},
                        {"kind", std::string(name_of(rule.kind))},
                        {"rate", rule.rate},
                        {"seed", rule.seed}};
    if (rule.count) json["count"] = *rule.count;
    if (rule.kind == FaultKind::kLatency) json["milliseconds"] = rule.latency.count();
    if (rule.kind == FaultKind::kError) json["status"] = rule.status;
    if (rule.kind == FaultKind::kReset) json["after"] = rule.after;
    json["matched"] = state.matched;
    json["injected"] = state.injected;
    list.push_back(std::move(json));
  }
  return base::dump(OrderedJson{{"rules", std::move(list)}});
}

}  // namespace ecr::server
