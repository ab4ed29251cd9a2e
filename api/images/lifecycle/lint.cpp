#include "api/images/lifecycle/lint.h"

#include <algorithm>
#include <map>

#include "schemas/base/text.h"

namespace ecr::api::lifecycle {
namespace {

using auth::iam::PolicyProblem;

std::string path_of(const Rule& rule) { return base::format("rule {}", rule.priority); }

// The line on which the rule has its priority; 0: it cannot be found.
std::size_t line_of(std::string_view text, const Rule& rule) {
  constexpr std::string_view kName = "\"rulePriority\"";
  const std::string wanted = std::to_string(rule.priority);
  for (std::size_t at = 0; (at = text.find(kName, at)) != text.npos;) {
    at += kName.size();
    const std::size_t digits = text.find_first_not_of(" \t\r\n:", at);
    if (digits == text.npos) return 0;
    const std::size_t end = text.find_first_not_of("0123456789", digits);
    if (text.substr(digits, end - digits) == wanted) {
      return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + digits, '\n'));
    }
  }
  return 0;
}

// Prefixes as patterns, so that there is one kind of list.
std::vector<std::string> patterns_of(const Rule& rule) {
  std::vector<std::string> patterns = rule.patterns;
  for (const std::string& prefix : rule.prefixes) patterns.push_back(prefix + "*");
  return patterns;
}

std::string_view list_name(const Rule& rule) {
  return rule.prefixes.empty() ? "tagPatternList" : "tagPrefixList";
}

bool is_all(const std::string& pattern) {
  return !pattern.empty() && pattern.find_first_not_of('*') == std::string::npos;
}
bool is_exact(const std::string& pattern) { return pattern.find('*') == std::string::npos; }

// Whether every tag that `narrow` matches is matched by `wide`. "*" of `narrow` counts as a run of
// characters that no tag has, so that a wide pattern matches it by a "*" alone. (A tag is not empty
// and has no blanks, so one blank stands for any run.)
bool covers(const std::string& wide, std::string narrow) {
  base::replace_all(narrow, "*", " ");
  return base::wildcard_matches(wide, narrow);
}

// Whether every image that `later` selects is selected by `earlier` before.
bool selects_all_of(const Rule& earlier, const Rule& later) {
  if (earlier.storage_class != later.storage_class) return false;
  if (earlier.tag_status == TagStatus::kAny) return true;
  if (earlier.tag_status != later.tag_status) return false;
  if (earlier.tag_status == TagStatus::kUntagged) return true;
  const auto narrow = patterns_of(later);
  const auto wide = patterns_of(earlier);
  // Each entry of the earlier rule must match some tag: one that an entry of the later rule names.
  return std::all_of(wide.begin(), wide.end(), [&](const std::string& entry) {
    return std::any_of(narrow.begin(), narrow.end(),
                       [&](const std::string& given) { return covers(entry, given); });
  });
}

// Whether rules before it together select each image that has a tag, and each that has none.
bool selects_all_before(const std::vector<Rule>& rules, std::size_t index) {
  bool tagged = false;
  bool untagged = false;
  for (std::size_t i = 0; i < index; ++i) {
    if (rules[i].storage_class != rules[index].storage_class) continue;
    const auto patterns = patterns_of(rules[i]);
    untagged = untagged || rules[i].tag_status == TagStatus::kUntagged;
    tagged = tagged || (!patterns.empty() && std::all_of(patterns.begin(), patterns.end(), is_all));
  }
  return tagged && untagged;
}

class Linter {
 public:
  Linter(const Policy& policy, std::string_view text) : policy_(policy), text_(text) {}

  std::vector<PolicyProblem> run() {
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      const Rule& rule = policy_.rules[i];
      look_at_list(rule);
      look_at_earlier(i);
    }
    return std::move(problems_);
  }

 private:
  void warn(const Rule& rule, std::string message) {
    problems_.push_back({true, line_of(text_, rule), std::move(message), path_of(rule), ""});
  }

  void look_at_list(const Rule& rule) {
    const auto patterns = patterns_of(rule);
    if (patterns.size() > 1) {
      warn(rule,
           base::format("{} [{}] means and: only an image with a tag for each of the {} "
                        "entries is selected; for or, write a rule for each",
                        list_name(rule),
                        base::join(rule.prefixes.empty() ? rule.patterns : rule.prefixes, ", "),
                        patterns.size()));
    }
    if (std::any_of(patterns.begin(), patterns.end(), is_all)) {
      warn(rule, "the pattern * selects every image that has a tag");
    }
    if (rule.count_type != CountType::kImageCountMoreThan) return;
    const bool all_exact =
        !patterns.empty() && std::all_of(patterns.begin(), patterns.end(), is_exact);
    if (all_exact) {
      warn(rule, base::format("the rule never acts: a tag is on one image at most, so that {} "
                              "without * cannot select more than one, and the rule keeps {}",
                              list_name(rule), rule.count));
    }
  }

  // Rules are by priority.
  void look_at_earlier(std::size_t index) {
    const Rule& rule = policy_.rules[index];
    for (std::size_t i = 0; i < index; ++i) {
      const Rule& earlier = policy_.rules[i];
      if (!selects_all_of(earlier, rule)) continue;
      warn(rule, base::format("the rule never acts: rule {} selects each of its images before, and "
                              "what a rule selects is out of reach of those after it, also where "
                              "it is kept",
                              earlier.priority));
      return;
    }
    if (rule.tag_status == TagStatus::kAny && selects_all_before(policy_.rules, index)) {
      warn(rule,
           "the rule never acts: the rules before it select every image, with and without "
           "tags");
    }
  }

  const Policy& policy_;
  const std::string_view text_;
  std::vector<PolicyProblem> problems_;
};

// An example and how many there are: "sha256:1f… (v1, stable) and 3 more".
struct Examples {
  std::string first;
  std::size_t count = 0;
};

std::string name_of_image(const Image& image) {
  const std::string digest =
      image.digest.size() > 19 ? image.digest.substr(0, 19) + "…" : image.digest;
  return image.tags.empty() ? digest
                            : base::format("{} ({})", digest, base::join(image.tags, ", "));
}

}  // namespace

std::vector<PolicyProblem> lint(std::string_view text) {
  const auto policy = parse_policy(text);
  if (!policy) return {{false, 0, policy.error(), "", ""}};
  return Linter(*policy, text).run();
}

std::vector<PolicyProblem> lint_with_images(const Policy& policy, const std::vector<Image>& images,
                                            base::TimePoint now) {
  const Evaluation evaluation = evaluate(policy, images, now);
  std::vector<PolicyProblem> problems;
  for (std::size_t i = 0; i < evaluation.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    const RuleReport& report = evaluation.rules[i];
    if (report.selected.empty()) {
      problems.push_back({true, 0, "the rule selects none of the images", path_of(rule), ""});
    }
    // Images that this rule would remove, by the rule that keeps them.
    std::map<std::int64_t, Examples> kept;
    for (const Selected& selected : report.selected) {
      const Verdict& verdict = evaluation.images[selected.image];
      const auto due = due_at(rule, images[selected.image]);
      const bool stays = selected.finding == Finding::kOutOfReach &&
                         verdict.outcome == Outcome::kKept && due && *due < now;
      if (!stays) continue;
      Examples& examples = kept[*verdict.rule_priority];
      if (examples.count++ == 0) examples.first = name_of_image(images[selected.image]);
    }
    for (const auto& [first, examples] : kept) {
      const bool one = examples.count == 1;
      problems.push_back(
          {true, 0,
           base::format("{} because rule {} is applied first and keeps {}: {}{}",
                        one ? std::string("1 image stays,")
                            : base::format("{} images stay,", examples.count),
                        first, one ? "it" : "them", examples.first,
                        one ? std::string() : base::format(" and {} more", examples.count - 1)),
           path_of(rule), ""});
    }
  }
  return problems;
}

}  // namespace ecr::api::lifecycle
