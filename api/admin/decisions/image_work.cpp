#include "api/admin/decisions/image_work.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "auth/iam/match/arn_match.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using auth::iam::Request;
using base::OrderedJson;

constexpr std::string_view kPushActions[] = {
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",         "ecr:PutImage",      "ecr:UploadLayerPart"};
constexpr std::string_view kPushMarks[] = {"ecr:BatchCheckLayerAvailability",
                                           "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload",
                                           "ecr:PutImage", "ecr:UploadLayerPart"};
constexpr std::string_view kPullActions[] = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
constexpr ImageWork kWorks[] = {{"push", kPushActions, kPushMarks},
                                {"pull", kPullActions, kPullActions}};

bool is_among(std::span<const std::string_view> actions, std::string_view action) {
  return std::any_of(actions.begin(), actions.end(),
                     [&](std::string_view one) { return base::equals_ignore_case(one, action); });
}

bool is_repository(std::string_view resource) {
  const auth::iam::ArnParts arn(resource);
  return arn.is_arn && arn.part[2] == "ecr" && arn.part[5].starts_with("repository/");
}

std::string repository_name(std::string_view resource) {
  return std::string(auth::iam::ArnParts(resource).part[5].substr(sizeof("repository/") - 1));
}

Request with_action(const Request& request, std::string_view action) {
  Request other = request;
  other.action = action;
  if (action != kTokenAction) return other;
  // A token is of the caller's own account, whatever registry it is used for.
  other.resource = "*";
  other.resource_account = request.principal.account;
  return other;
}

bool is_allowed(const Request& request, std::string_view action,
                const auth::iam::PolicySet& policies) {
  auth::iam::PolicySet given = policies;
  if (action == kTokenAction) given.resource.clear();  // those of the repository's registry
  return evaluate(with_action(request, action), given).allowed();
}

// docker looks for no manifest before its push; oras, crane and containerd do.
bool is_read_of_docker(const Request& request) {
  const auto* agent = request.context.find_lower("aws:useragent");
  return agent == nullptr || agent->values.empty() || agent->values[0].starts_with("docker/");
}

// Whoever may push but for this one action hardly lacks it for a pull.
bool lacks_for_push_alone(const Request& request, const auth::iam::PolicySet& policies) {
  return std::all_of(std::begin(kPushActions), std::end(kPushActions), [&](auto action) {
    return base::equals_ignore_case(action, request.action) ||
           is_allowed(request, action, policies);
  });
}

// Where each work was begun: which of its actions were asked for, by work and repository.
using Begun = std::map<std::pair<const ImageWork*, std::string>, std::set<std::string>>;

Begun begun_works(const std::vector<RequestedAccess>& requests) {
  Begun begun;
  for (const ImageWork& work : kWorks) {
    for (const auto& [action, resource] : requests) {
      if (!is_repository(resource) || resource.find('*') != std::string::npos) continue;
      if (!is_among(work.marks, action)) continue;
      // A push looks at manifests, too: that alone is no pull.
      const bool reads_for_push = base::equals_ignore_case(action, "ecr:BatchGetImage") &&
                                  begun.contains({&kWorks[0], resource});
      if (!reads_for_push) begun[{&work, resource}];
    }
  }
  for (auto& [place, actions] : begun) {
    for (const auto& [action, resource] : requests) {
      if (resource == place.second) actions.insert(canonical_action(action));
    }
  }
  return begun;
}

}  // namespace

std::span<const ImageWork> image_works() { return kWorks; }

const ImageWork* work_with(std::string_view action) {
  const auto found = std::find_if(std::begin(kWorks), std::end(kWorks), [&](const ImageWork& work) {
    return is_among(work.marks, action);
  });
  return found == std::end(kWorks) ? nullptr : found;
}

void merge_step(AdviceStep step, std::vector<AdviceStep>& steps) {
  OrderedJson added = OrderedJson::parse(step.document);
  for (AdviceStep& known : steps) {
    OrderedJson statement = OrderedJson::parse(known.document);
    OrderedJson action = statement.at("Action");
    statement["Action"] = added.at("Action");
    if (known.change != step.change || known.change == AdviceStep::Change::kRemove ||
        known.type != step.type || known.level != step.level || known.where != step.where ||
        statement != added) {
      continue;
    }
    if (!action.is_array()) action = OrderedJson::array({action});
    action.push_back(added.at("Action"));
    statement["Action"] = std::move(action);
    known.document = base::dump(statement);
    return;
  }
  steps.push_back(std::move(step));
}

MissingForWork missing_for_work(const Request& request, const auth::iam::PolicySet& policies,
                                const auth::iam::Verdict& verdict) {
  MissingForWork found;
  const ImageWork* work = work_with(request.action);
  if (verdict.allowed() || verdict.over_budget || work == nullptr ||
      !is_repository(request.resource)) {
    return found;
  }
  if (base::equals_ignore_case(request.action, "ecr:BatchGetImage") &&
      !is_read_of_docker(request) && lacks_for_push_alone(request, policies)) {
    work = &kWorks[0];
  }
  std::vector<std::string_view> actions(work->actions.begin(), work->actions.end());
  actions.insert(actions.begin(), kTokenAction);
  for (const std::string_view action : actions) {
    const Request asked = with_action(request, action);
    auth::iam::PolicySet given = policies;
    if (action == kTokenAction) given.resource.clear();  // those of the repository's registry
    const auto decided = evaluate(asked, given);
    if (decided.allowed()) continue;
    found.missing.emplace_back(action);
    if (decided.over_budget) continue;
    bool denied = false;
    for (AdviceStep& step : advise(asked, given, decided)) {
      if (step.change == AdviceStep::Change::kRemove) {
        denied = true;
      } else {
        merge_step(std::move(step), found.steps);
      }
    }
    if (denied) found.denied.emplace_back(action);
  }
  if (found.missing.size() > 1) found.name = work->name;
  return found;
}

std::vector<RequestedAccess> complete_works(std::vector<RequestedAccess> requests,
                                            const std::vector<std::string>& names) {
  if (names.empty()) return requests;
  std::set<std::string> repositories;
  for (const auto& [place, asked] : begun_works(requests)) repositories.insert(place.second);
  for (const std::string& repository : repositories) {
    requests.emplace_back(kTokenAction, "*");
    for (const ImageWork& work : kWorks) {
      if (std::find(names.begin(), names.end(), work.name) == names.end()) continue;
      for (const std::string_view action : work.actions) requests.emplace_back(action, repository);
    }
  }
  return requests;
}

std::vector<std::string> may_be_missing(const std::vector<RequestedAccess>& requests) {
  std::vector<std::string> sentences;
  for (const auto& [place, asked] : begun_works(requests)) {
    std::vector<std::string> missing;
    for (const std::string_view action : place.first->actions) {
      if (!asked.contains(std::string(action))) missing.emplace_back(action);
    }
    if (missing.empty()) continue;
    sentences.push_back(base::format("a docker {} of repository {} may also need {}",
                                     place.first->name, repository_name(place.second),
                                     base::join(missing, ", ")));
  }
  return sentences;
}

}  // namespace ecr::api::admin
