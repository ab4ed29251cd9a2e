#include "api/admin/policy_tests/recorded.h"

#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::policy_tests {
namespace {

using base::OrderedJson;
using base::text_member;

// Keys that the seed decides about, or that the clock of a case stands for.
bool comes_from_elsewhere(std::string_view lower_key) {
  constexpr std::array<std::string_view, 9> kPrefixes = {
      "aws:resourcetag/",    "ecr:resourcetag/", "iam:resourcetag/",
      "aws:resourceaccount", "aws:resourceorg",  "aws:principalaccount",
      "aws:principalarn",    "aws:principalorg", "aws:principaltype"};
  for (const std::string_view prefix : kPrefixes) {
    if (lower_key.starts_with(prefix)) return true;
  }
  return lower_key == "aws:username" || lower_key == "aws:currenttime" ||
         lower_key == "aws:epochtime";
}

// What the statements that were looked at ask for, as one text in lower case: their conditions,
// and their variables.
std::string asked_for(const OrderedJson& decision) {
  std::string text;
  const auto trace = decision.find("trace");
  if (trace == decision.end() || !trace->is_array()) return text;
  for (const OrderedJson& entry : *trace) {
    const auto document = entry.find("document");
    if (document != entry.end()) text += base::to_lower(base::dump(*document));
  }
  return text;
}

// True where the key itself stands there, and not a longer one that begins with it.
bool asks_for(std::string_view asked, std::string_view lower_key) {
  for (std::size_t at = 0; (at = asked.find(lower_key, at)) != asked.npos; ++at) {
    const std::size_t end = at + lower_key.size();
    if (end < asked.size() && std::string_view("\",} ").find(asked[end]) != asked.npos) return true;
  }
  return false;
}

OrderedJson kept_context(const OrderedJson& decision, const std::string& asked) {
  OrderedJson kept = OrderedJson::object();
  const auto context = decision.find("context");
  if (context == decision.end() || !context->is_object()) return kept;
  for (const auto& [key, value] : context->items()) {
    const std::string lower = base::to_lower(key);
    if (!comes_from_elsewhere(lower) && asks_for(asked, lower)) kept[key] = value;
  }
  return kept;
}

// Users, roles' sessions and root users by their ARNs, and services by their names.
bool can_be_named(const std::string& principal) {
  return !principal.empty() && principal.find(":federated-user/") == std::string::npos;
}

OrderedJson case_of(const OrderedJson& decision) {
  const std::string asked = asked_for(decision);
  OrderedJson one = {{"principal", text_member(decision, "principal")},
                     {"action", text_member(decision, "action")},
                     {"resource", text_member(decision, "resource")}};
  if (auto context = kept_context(decision, asked); !context.empty()) {
    one["context"] = std::move(context);
  }
  if (asks_for(asked, "aws:currenttime") || asks_for(asked, "aws:epochtime")) {
    one["clock"] = text_member(decision, "time");
  }
  return one;
}

// Cases that differ in their actions alone become one.
OrderedJson merge(const std::vector<OrderedJson>& cases) {
  OrderedJson merged = OrderedJson::array();
  std::map<std::string, std::size_t> places;
  for (const OrderedJson& one : cases) {
    OrderedJson rest = one;
    rest.erase("action");
    const auto [place, is_new] = places.emplace(base::dump(rest), merged.size());
    if (is_new) {
      OrderedJson group = {{"principal", one["principal"]},
                           {"actions", OrderedJson::array()},
                           {"resource", one["resource"]}};
      group.update(rest);
      merged.push_back(std::move(group));
    }
    merged[place->second]["actions"].push_back(one["action"]);
  }
  return merged;
}

}  // namespace

Recorded record_tests(const OrderedJson& decisions, const std::vector<std::string>& seeds) {
  Recorded recorded;
  std::set<std::string> known;
  std::vector<OrderedJson> cases;
  for (const OrderedJson& decision : decisions) {
    if (!can_be_named(text_member(decision, "principal"))) {
      ++recorded.left_out;
      continue;
    }
    OrderedJson one = case_of(decision);
    if (!known.insert(base::dump(one)).second) continue;
    one["expect"] = text_member(decision, "decision") == "Allowed" ? "allowed" : "denied";
    cases.push_back(std::move(one));
  }
  recorded.checks = cases.size();
  recorded.file = OrderedJson::object();
  if (seeds.size() == 1) recorded.file["seed"] = seeds.front();
  if (seeds.size() > 1) recorded.file["seed"] = seeds;
  recorded.file["cases"] = merge(cases);
  return recorded;
}

}  // namespace ecr::api::admin::policy_tests
