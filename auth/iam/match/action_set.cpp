#include "auth/iam/match/action_set.h"

#include <algorithm>
#include <functional>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {

ActionSet::ActionSet(const std::vector<std::string>& patterns) {
  for (const std::string& text : patterns) {
    const std::string lower = base::to_lower(text);
    const std::size_t colon = lower.find(':');
    // Without a service only "*" (or "**") names actions; the grammar refuses other texts.
    if (colon == std::string::npos) {
      everything_ |= !lower.empty() && lower.find_first_not_of('*') == std::string::npos;
      continue;
    }
    Glob service_pattern(std::string_view(lower).substr(0, colon));
    Glob name(std::string_view(lower).substr(colon + 1));
    if (!service_pattern.is_literal()) {
      wild_.emplace_back(std::move(service_pattern), std::move(name));
    } else if (Service& named = service(service_pattern.literal()); name.is_literal()) {
      named.exact.push_back(name.literal());
    } else {
      named.patterns.push_back(std::move(name));
    }
  }
  for (Service& named : services_) std::sort(named.exact.begin(), named.exact.end());
}

// The entry of the service, made where there is none. Policies list their actions by service, so
// the place is nearly always the end.
ActionSet::Service& ActionSet::service(std::string_view name) {
  const auto at = std::lower_bound(
      services_.begin(), services_.end(), name,
      [](const Service& one, std::string_view wanted) { return one.name < wanted; });
  if (at != services_.end() && at->name == name) return *at;
  return *services_.insert(at, Service{std::string(name)});
}

bool ActionSet::matches(std::string_view service, std::string_view name) const {
  if (everything_) return true;
  const auto at = std::lower_bound(
      services_.begin(), services_.end(), service,
      [](const Service& one, std::string_view wanted) { return one.name < wanted; });
  if (at != services_.end() && at->name == service) {
    if (std::binary_search(at->exact.begin(), at->exact.end(), name, std::less<>())) return true;
    if (std::any_of(at->patterns.begin(), at->patterns.end(),
                    [&](const Glob& pattern) { return pattern.matches(name); })) {
      return true;
    }
  }
  return std::any_of(wild_.begin(), wild_.end(), [&](const auto& pattern) {
    return pattern.second.matches(name) && pattern.first.matches(service);
  });
}

}  // namespace ecr::auth::iam
