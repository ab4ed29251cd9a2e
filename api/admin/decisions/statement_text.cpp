#include "api/admin/decisions/statement_text.h"

#include "auth/iam/match/arn_match.h"
#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/encoding.h"

namespace ecr::api::admin {
namespace {

// Null: nothing is known of it.
const auth::iam::ActionInfo* find_action(const std::string& lower) {
  const std::size_t colon = lower.find(':');
  if (colon == std::string::npos) return nullptr;
  const auto* service = auth::iam::find_service(lower.substr(0, colon));
  if (service == nullptr) return nullptr;
  for (const auth::iam::ActionInfo& action : service->actions) {
    if (action.lower == std::string_view(lower).substr(colon + 1)) return &action;
  }
  return nullptr;
}

}  // namespace

std::string resource_pattern(std::string_view action, std::string_view resource) {
  const auto* info = find_action(base::to_lower(action));
  const auth::iam::ArnParts arn(resource);
  if ((info != nullptr && info->wildcard_only) || !arn.is_arn) return "*";
  // Only the last part knows variables. A '*' stays: it is what a listing of everything asks for.
  std::string pattern(resource.substr(0, resource.size() - arn.part[5].size()));
  for (std::string_view rest = arn.part[5];;) {
    const std::size_t variable = rest.find("${");
    pattern += rest.substr(0, variable);
    if (variable == std::string_view::npos) return pattern;
    pattern += "${$}{";
    rest.remove_prefix(variable + 2);
  }
}

std::string canonical_action(std::string_view action) {
  const std::string lower = base::to_lower(action);
  const auto* info = find_action(lower);
  if (info == nullptr) return std::string(action);
  return lower.substr(0, lower.find(':') + 1) + info->name;
}

}  // namespace ecr::api::admin
