// Found by trial, as the advice about statements is: the tags that an Allow asks for are set, and
// evaluate() has the last word.
#include "api/admin/decisions/tag_advice.h"

#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advice.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/condition.h"
#include "auth/iam/match/variables.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::ArnParts;
using auth::iam::Comparison;
using auth::iam::ConditionOperator;
using auth::iam::Context;
using auth::iam::Outcome;
using auth::iam::PolicySet;
using auth::iam::Relation;
using auth::iam::Request;
using auth::iam::Template;
using auth::iam::TraceEntry;
using auth::iam::Verdict;
using base::OrderedJson;
using Tags = std::map<std::string, std::string>;

constexpr std::string_view kTagKey = "aws:ResourceTag/";
constexpr std::string_view kOwnTagKey = "ecr:ResourceTag/";
constexpr std::string_view kRepository = "repository/";
// More alternatives than these help nobody, and a policy may have thousands of statements.
constexpr std::size_t kMostAlternatives = 3;
constexpr std::size_t kMostTrials = 20;
// ECR's limits of a tag (Amazon ECR API Reference, "Tag").
constexpr std::size_t kMostKeyBytes = 128;
constexpr std::size_t kMostValueBytes = 256;

bool is_tag_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.:/=+-@ ").find(c) != std::string_view::npos;
}

// Tags that begin with "aws:" are AWS's own.
bool can_be_tag(const std::string& key, const std::string& value) {
  return !key.empty() && key.size() <= kMostKeyBytes && value.size() <= kMostValueBytes &&
         !base::to_lower(key).starts_with("aws:") &&
         std::all_of(key.begin(), key.end(), is_tag_character) &&
         std::all_of(value.begin(), value.end(), is_tag_character);
}

// A comparison that one text meets: an equal one.
bool asks_for_a_text(const ConditionOperator& op) {
  return (op.comparison == Comparison::kString || op.comparison == Comparison::kStringIgnoreCase ||
          op.comparison == Comparison::kStringLike) &&
         op.relation == Relation::kEqual && !op.negated;
}

// A pattern is met by many values, of which none is better than another.
bool has_wildcards(const Template& text) {
  return std::any_of(text.parts().begin(), text.parts().end(), [](const Template::Part& part) {
    return part.kind == Template::Part::Kind::kPattern &&
           part.text.find_first_of("*?") != std::string::npos;
  });
}

// The value of the policy as this request would have to meet it. nullopt: it is no single text.
std::optional<std::string> wanted_value(const ConditionOperator& op, const std::string& key,
                                        const OrderedJson& value, const Context& context) {
  if (!value.is_string()) return std::nullopt;
  const Template text(value.get<std::string>());
  if (op.comparison == Comparison::kStringLike && has_wildcards(text)) return std::nullopt;
  std::string expanded;
  if (!text.expand_plain(context, expanded) || !can_be_tag(key, expanded)) return std::nullopt;
  return expanded;
}

// "team" of "aws:ResourceTag/team"; empty: another key.
std::string tag_of_key(const std::string& key) {
  const std::string prefix = base::to_lower(key.substr(0, kTagKey.size()));
  const bool is_tag = prefix == base::to_lower(kTagKey) || prefix == base::to_lower(kOwnTagKey);
  return is_tag ? key.substr(kTagKey.size()) : "";
}

void add_wanted(const ConditionOperator& op, const OrderedJson& tests, const Context& context,
                Tags& tags) {
  for (const auto& [key, given] : tests.items()) {
    const std::string tag = tag_of_key(key);
    if (tag.empty()) continue;
    const OrderedJson values = given.is_array() ? given : OrderedJson::array({given});
    for (const OrderedJson& value : values) {
      const auto wanted = wanted_value(op, tag, value, context);
      if (!wanted) continue;
      tags.emplace(tag, *wanted);
      break;
    }
  }
}

const std::string* tag_in(const Context& context, const std::string& tag) {
  const auto* found = context.find(std::string(kTagKey) + tag);
  return found == nullptr || found->values.empty() ? nullptr : &found->values.front();
}

// What the statement asks of the repository's tags, and the repository does not have.
Tags wanted_tags(const OrderedJson& statement, const Context& context) {
  Tags tags;
  if (statement.value("Effect", "") != "Allow" || !statement.contains("Condition")) return tags;
  for (const auto& [name, tests] : statement["Condition"].items()) {
    const auto op = ConditionOperator::parse(name);
    if (op && asks_for_a_text(*op) && tests.is_object()) add_wanted(*op, tests, context, tags);
  }
  std::erase_if(tags, [&](const auto& tag) {
    const std::string* has = tag_in(context, tag.first);
    return has != nullptr && *has == tag.second;
  });
  return tags;
}

// The short form of the AWS CLI does not take every value: the others are written as JSON.
std::string tags_argument(const Tags& tags) {
  const auto is_plain = [](const std::string& text) {
    return !text.empty() && text.find_first_of(" =") == std::string::npos;
  };
  const bool short_form = std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
    return is_plain(tag.first) && is_plain(tag.second);
  });
  std::string text;
  OrderedJson list = OrderedJson::array();
  for (const auto& [key, value] : tags) {
    text += base::format("{}Key={},Value={}", text.empty() ? "" : " ", key, value);
    list.push_back({{"Key", key}, {"Value", value}});
  }
  return short_form ? text : base::format("'{}'", base::dump(list));
}

std::string caution_of(const Tags& tags, const Context& context) {
  std::vector<std::string> replaced;
  for (const auto& [key, value] : tags) {
    if (const std::string* has = tag_in(context, key)) replaced.push_back(key + "=" + *has);
  }
  return base::format(
      "careful: this changes what every caller may do with this repository, wherever a policy "
      "looks at its tags{}",
      replaced.empty() ? "" : base::format("; it replaces {}", base::join(replaced, ", ")));
}

TagAdvice advice_of(const Request& request, const ArnParts& arn, Tags tags) {
  TagAdvice advice;
  advice.where = base::format("repository {} in account {}", arn.part[5].substr(kRepository.size()),
                              arn.part[4]);
  advice.command = base::format("aws ecr tag-resource --resource-arn {} --tags {}",
                                request.resource, tags_argument(tags));
  advice.caution = caution_of(tags, request.context);
  advice.tags = std::move(tags);
  return advice;
}

}  // namespace

Request with_tags(const Request& request, const Tags& tags) {
  Request tagged = request;
  for (const auto& [key, value] : tags) {
    tagged.context.set(std::string(kTagKey) + key, value);
    tagged.context.set(std::string(kOwnTagKey) + key, value);
  }
  return tagged;
}

std::vector<TagAdvice> advise_tags(const Request& request, const PolicySet& policies,
                                   const Verdict& verdict) {
  std::vector<TagAdvice> found;
  const ArnParts arn(request.resource);
  if (verdict.allowed() || verdict.over_budget || !arn.is_arn || arn.part[2] != "ecr" ||
      !arn.part[5].starts_with(kRepository) || arn.part[5].find('*') != std::string::npos) {
    return found;
  }
  std::set<Tags> tried;
  for (const TraceEntry& entry : verdict.trace) {
    if (entry.outcome != Outcome::kConditionMismatch) continue;
    if (found.size() >= kMostAlternatives || tried.size() >= kMostTrials) break;
    const auto& attached = policies_of(policies, entry.type, entry.level)[entry.policy];
    Tags tags = wanted_tags(OrderedJson::parse(attached.policy->statement_json(entry.statement)),
                            request.context);
    if (tags.empty() || !tried.insert(tags).second) continue;
    if (!evaluate(with_tags(request, tags), policies).allowed()) continue;
    found.push_back(advice_of(request, arn, std::move(tags)));
  }
  return found;
}

}  // namespace ecr::api::admin
