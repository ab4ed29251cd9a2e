#include "api/admin/decisions/advised_document.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "auth/iam/match/arn_match.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::ArnParts;
using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using base::OrderedJson;

bool is_same_place(const AdviceStep& a, const AdviceStep& b) {
  return a.type == b.type && a.level == b.level && a.where == b.where;
}

// "repository policy" of "the repository policy of app in account 111122223333", and of "repository
// policy of app", as the policies of a resource are called.
std::string_view kind_of(std::string_view name) {
  if (name.starts_with("the ")) name.remove_prefix(4);
  return name.substr(0, name.find(" of "));
}

// The policy that the step changes; null: there is none yet.
const AttachedPolicy* changed_policy(const auth::iam::PolicySet& policies, const AdviceStep& step) {
  const auto& list = policies_of(policies, step.type, step.level);
  if (step.type == DecidedBy::kIdentity) return nullptr;
  if (step.type != DecidedBy::kResource) {
    return step.policy < list.size() ? &list[step.policy] : nullptr;
  }
  const auto found = std::find_if(list.begin(), list.end(), [&](const AttachedPolicy& one) {
    return kind_of(one.source) == kind_of(step.where);
  });
  return found == list.end() ? nullptr : &*found;
}

// nullopt: the statements would not mean the same in another document.
std::optional<OrderedJson> statements_of(const AttachedPolicy* attached) {
  OrderedJson statements = OrderedJson::array();
  if (attached == nullptr) return statements;
  for (std::size_t i = 0; i < attached->policy->statement_count(); ++i) {
    const std::string statement = attached->policy->statement_json(i);
    if (statement.find("${") != std::string::npos) return std::nullopt;
    statements.push_back(OrderedJson::parse(statement));
  }
  return statements;
}

// The ARN that an identity-based policy is given to.
std::string_view owner_of(std::string_view where) {
  const std::size_t at = where.find("arn:");
  return at == std::string_view::npos ? where : where.substr(at);
}

std::string how_to(const AdviceStep& step) {
  constexpr std::pair<std::string_view, std::string_view> kCalls[] = {
      {"repository policy", " (aws ecr set-repository-policy)"},
      {"registry policy", " (aws ecr put-registry-policy)"},
      {"trust policy", " (aws iam update-assume-role-policy)"}};
  if (step.type == DecidedBy::kIdentity) {
    const std::string_view owner = owner_of(step.where);
    const std::string_view kind = ArnParts(owner).part[5];
    return base::format("add this policy to {}{}", owner,
                        kind.starts_with("user/")   ? " (aws iam put-user-policy)"
                        : kind.starts_with("role/") ? " (aws iam put-role-policy)"
                                                    : "");
  }
  const auto* call = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const auto& one) {
    return step.type == DecidedBy::kResource && one.first == kind_of(step.where);
  });
  return base::format("make this {}{}", step.where, call == std::end(kCalls) ? "" : call->second);
}

}  // namespace

std::vector<AdvisedDocument> advised_documents(const auth::iam::PolicySet& policies,
                                               const std::vector<AdviceStep>& steps) {
  std::vector<AdvisedDocument> documents;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const AdviceStep& first = steps[i];
    const auto is_here = [&](const AdviceStep& one) {
      return one.change == AdviceStep::Change::kAdd && is_same_place(one, first);
    };
    if (!is_here(first) ||
        std::any_of(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(i), is_here)) {
      continue;
    }
    const AttachedPolicy* changed = changed_policy(policies, first);
    const bool loses_statement =
        changed != nullptr && std::any_of(steps.begin(), steps.end(), [&](const AdviceStep& one) {
          return one.change == AdviceStep::Change::kRemove && one.type == first.type &&
                 one.level == first.level &&
                 &policies_of(policies, one.type, one.level)[one.policy] == changed;
        });
    auto statements = statements_of(changed);
    if (first.type == DecidedBy::kRcp || loses_statement || !statements) continue;
    for (const AdviceStep& step : steps) {
      if (is_here(step)) statements->push_back(OrderedJson::parse(step.document));
    }
    const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", std::move(*statements)}};
    documents.push_back(
        {first.type, first.level, first.where, how_to(first), base::dump(document)});
  }
  return documents;
}

}  // namespace ecr::api::admin
