#include "api/images/lifecycle/policy.h"

#include <algorithm>
#include <set>
#include <utility>

#include "schemas/base/text.h"

namespace ecr::api::lifecycle {
namespace {

using Problem = std::string;  // empty: none

// Checks of one rule that the schema cannot express. Only the first sentence is captured from ECR;
// the others are worded in its manner.
Problem check_tags(const Rule& rule) {
  const bool prefixes = !rule.prefixes.empty();
  const bool patterns = !rule.patterns.empty();
  if (rule.tag_status == TagStatus::kTagged) {
    if (!prefixes && !patterns) {
      return "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.";
    }
    if (prefixes && patterns) return "Cannot specify both tagPrefixList and tagPatternList.";
  } else if (prefixes || patterns) {
    return "tagPrefixList and tagPatternList can only be specified when tagStatus=TAGGED.";
  }
  for (const std::string& pattern : rule.patterns) {
    // ECR User Guide, "tagPatternList": a maximum of four wildcards in a string.
    if (std::count(pattern.begin(), pattern.end(), '*') > 4) {
      return "A tag pattern in tagPatternList can have at most 4 wildcards (*).";
    }
  }
  return {};
}

// The actions that a rule may have depend on what it counts (ECR User Guide, "Count type",
// "Action"). The texts are not published; 90 days is the least time in the archive.
Problem check_count(const Rule& rule) {
  const bool archive = rule.storage_class == StorageClass::kArchive;
  const bool transition = rule.action == ActionType::kTransition;
  if (rule.count_type == CountType::kSinceImageTransitioned) {
    if (!archive) return "countType=sinceImageTransitioned requires storageClass=archive.";
    if (transition) return "countType=sinceImageTransitioned requires action type=expire.";
    if (rule.count < 90) {
      return base::format(
          "numeric instance is lower than the required minimum (minimum: 90, found: {})",
          rule.count);
    }
    return {};
  }
  if (archive) return "storageClass=archive requires countType=sinceImageTransitioned.";
  if (rule.count_type == CountType::kSinceImagePulled && !transition) {
    return "countType=sinceImagePulled requires action type=transition.";
  }
  return {};
}

// Checks between the rules of one storage class. The first two sentences are captured from ECR.
Problem check_together(const std::vector<Rule>& rules, StorageClass storage_class) {
  using List = std::pair<bool, std::set<std::string>>;  // prefixes or patterns
  std::set<List> lists;
  int untagged = 0;
  bool any = false;
  for (const Rule& rule : rules) {  // by priority
    if (rule.storage_class != storage_class) continue;
    if (any) return "Rule for tagStatus=ANY must have the lowest priority per storage class";
    any = rule.tag_status == TagStatus::kAny;
    if (rule.tag_status == TagStatus::kUntagged && ++untagged > 1) {
      return "Only one rule can select Untagged images per storage class.";
    }
    if (rule.tag_status != TagStatus::kTagged) continue;
    const auto& entries = rule.prefixes.empty() ? rule.patterns : rule.prefixes;
    if (!lists.emplace(rule.prefixes.empty(), std::set(entries.begin(), entries.end())).second) {
      return "Rules must have unique tag prefixes or tag patterns per storage class.";
    }
  }
  return {};
}

Problem check(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    if (auto problem = check_tags(rule); !problem.empty()) return problem;
    if (auto problem = check_count(rule); !problem.empty()) return problem;
  }
  const auto twice =
      std::adjacent_find(rules.begin(), rules.end(),
                         [](const Rule& a, const Rule& b) { return a.priority == b.priority; });
  if (twice != rules.end()) {
    return base::format(
        "Rule priorities must be unique, found more than one rule with priority {}.",
        twice->priority);
  }
  for (const StorageClass storage_class : {StorageClass::kStandard, StorageClass::kArchive}) {
    if (auto problem = check_together(rules, storage_class); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace

// The order of checks is the schema first, then each rule, then the rules together. Which of
// several faults ECR names is not known.
tl::expected<Policy, std::string> parse_policy(std::string_view text) {
  auto policy = read_policy(text);
  if (!policy) return policy;
  std::stable_sort(policy->rules.begin(), policy->rules.end(),
                   [](const Rule& a, const Rule& b) { return a.priority < b.priority; });
  if (auto problem = check(policy->rules); !problem.empty()) {
    return tl::unexpected(std::move(problem));
  }
  return policy;
}

bool selects_tags(const Rule& rule, const std::vector<std::string>& tags) {
  if (rule.tag_status == TagStatus::kAny) return true;
  if (rule.tag_status == TagStatus::kUntagged) return tags.empty();
  // Several entries of one rule are ANDed: each must match some tag, not all of them the same tag.
  const auto some_tag = [&tags](const auto& matches) {
    return std::any_of(tags.begin(), tags.end(), matches);
  };
  return std::all_of(
             rule.prefixes.begin(), rule.prefixes.end(),
             [&](const std::string& prefix) {
               return some_tag([&](const std::string& tag) { return tag.starts_with(prefix); });
             }) &&
         std::all_of(rule.patterns.begin(), rule.patterns.end(), [&](const std::string& pattern) {
           return some_tag(
               [&](const std::string& tag) { return base::wildcard_matches(pattern, tag); });
         });
}

}  // namespace ecr::api::lifecycle
