#include "auth/iam/match/arn_match.h"

#include <algorithm>

namespace ecr::auth::iam {
namespace {

constexpr std::size_t kService = 2;
constexpr std::size_t kResource = 5;

// Splits at the first five colons, so that the resource keeps its own ("log-group:x:*"); returns
// the number of parts.
std::size_t split(std::string_view text, std::array<std::string_view, 6>& part) {
  std::size_t count = 0;
  while (count < kResource) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) break;
    part[count++] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  part[count++] = text;
  return count;
}

}  // namespace

ArnParts::ArnParts(std::string_view text) : whole(text) {
  is_arn = split(text, part) == part.size() && part[0] == "arn";
}

ArnGlob::ArnGlob(const GlobText& text) {
  std::array<std::string_view, 6> part;
  complete_ = split(text.text, part) == part.size();
  if (!complete_) return;
  for (std::size_t i = 0; i < part.size(); ++i) {
    // The parts are views into the text, so their offsets find the marks of the wildcards. A value
    // may have been put together from variables, whose '*' are no wildcards.
    const auto offset = static_cast<std::size_t>(part[i].data() - text.text.data());
    part_[i] = Glob(part[i], std::string_view(text.wild).substr(offset, part[i].size()));
  }
}

// ArnEquals and ArnLike are the same: each part is matched by itself, so that a '*' never crosses a
// colon before the resource ("Amazon Resource Name (ARN) condition operators"; test:
// ConditionTable).
bool ArnGlob::matches(const ArnParts& arn, StepBudget& budget) const {
  if (!complete_ || !arn.is_arn) return false;
  for (std::size_t i = part_.size(); i-- > 0;) {  // the resource tells most apart
    if (!part_[i].matches(arn.part[i], budget)) return false;
  }
  return true;
}

ResourcePattern::ResourcePattern(std::string_view text, bool variables) {
  // "*" alone is the one pattern that also matches a resource that is no ARN. That "**" means the
  // same is inferred.
  if (!text.empty() && text.find_first_not_of('*') == std::string_view::npos) {
    everything_ = true;
    return;
  }
  std::array<std::string_view, 6> part;
  parts_ = split(text, part);
  for (std::size_t i = 0; i < kResource; ++i) {
    if (i >= parts_) {
      // Only matches() knows whether the policy is of a kind where missing parts count.
      part_[i] = Glob("*");
    } else if (i == kService) {
      // The service part has no wildcards ("IAM JSON policy elements: Resource"): a '*' there
      // stands for itself.
      part_[i] = Glob(part[i], std::string(part[i].size(), '\0'));
    } else {
      part_[i] = Glob(part[i]);
    }
  }
  const std::string_view resource = parts_ == part.size() ? part[kResource] : "*";
  // The usual pattern has no wildcard before the resource. One comparison with its head replaces
  // five.
  if (std::all_of(part_.begin(), part_.end(), [](const Glob& g) { return g.is_literal(); })) {
    head_ = text.substr(0, text.size() - resource.size());
  }
  GlobText glob;
  // Variables count only after the fifth colon ("IAM policy elements: Variables and tags"), so the
  // other parts were read as plain patterns. A resource with escapes alone is expanded here, once;
  // one with variables at each request.
  if (!variables) {
    glob.add_pattern(resource);
  } else if (Template parsed(resource); parsed.is_constant()) {
    parsed.expand(Context{}, glob);
  } else {
    variable_resource_ = std::move(parsed);
    return;
  }
  resource_ = Glob(glob.text, glob.wild);
}

bool ResourcePattern::matches(const ArnParts& resource, const Context& context, bool complete_short,
                              StepBudget& budget) const {
  if (everything_) return true;
  // An action without resources asks for "*", which is no ARN: only a policy's own "*" matches it
  // (test: WildcardOnlyActionNeedsAStar).
  if (!resource.is_arn || (parts_ < 6 && !complete_short)) return false;
  if (!head_.empty()) {
    if (!resource.whole.starts_with(head_)) return false;
  } else {
    for (std::size_t i = 0; i < part_.size(); ++i) {
      if (!part_[i].matches(resource.part[i], budget)) return false;
    }
  }
  const std::string_view last = resource.part[kResource];
  if (!variable_resource_) return resource_.matches(last, budget);
  // A variable without a value makes the pattern match nothing, also in NotResource. AWS documents
  // this; no recorded answer confirms it for NotResource.
  const auto least = variable_resource_->least_size(context, false);
  if (!least || *least > last.size()) return false;
  GlobText text;
  return budget.spend(variable_resource_->steps(*least)) &&
         variable_resource_->expand(context, text) &&
         Glob(text.text, text.wild).matches(last, budget);
}

}  // namespace ecr::auth::iam
