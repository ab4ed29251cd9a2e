#include "api/admin/what_if/question_notes.h"

#include <algorithm>

#include "api/admin/decisions/hints.h"
#include "api/admin/what_if/targets.h"
#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::what_if {
namespace {

// Names among which the one that was meant is looked for.
constexpr std::int64_t kMostNames = 1000;

// The reference has the services of this program alone.
std::string note_about_action(const std::string& action) {
  const std::string prefix = action.substr(0, action.find(':'));
  const auto* service = auth::iam::find_service(base::to_lower(prefix));
  if (service == nullptr) {
    return base::format(
        "the actions of {} are not known here: nobody checks whether there is an action {}", prefix,
        action);
  }
  std::vector<std::string> known;
  for (const auto& one : service->actions) known.push_back(service->prefix + ":" + one.name);
  const bool exists = std::any_of(known.begin(), known.end(), [&](const std::string& one) {
    return base::equals_ignore_case(one, action);
  });
  return exists
             ? ""
             : base::format("there is no action {}{}", action, base::did_you_mean(action, known));
}

std::string note_about_repository(storage::sql::Txn& txn, const RepositoryInArn& named) {
  if (find_repository(txn, named)) return "";
  std::vector<std::string> names;
  for (const auto& one : storage::list_repositories(txn, named.registry, "", kMostNames)) {
    names.push_back(one.name.text());
  }
  const std::string meant = base::did_you_mean(named.name, names);
  return base::format(
      "there is no repository {} in account {}, region {}{} The answer holds if it is made, "
      "without a policy of its own",
      named.name, named.registry.account, named.registry.region, meant.empty() ? "." : meant);
}

// Actions that make what they name.
bool makes_its_resource(const std::string& action) {
  const std::string name = base::to_lower(action.substr(action.find(':') + 1));
  return name.starts_with("create") || needs_no_repository(action);
}

std::string note_about_resource(storage::sql::Txn& txn, const std::string& action,
                                const std::string& resource) {
  if (resource.find_first_of("*?") != std::string::npos || makes_its_resource(action)) return "";
  if (const auto named = repository_named(resource)) return note_about_repository(txn, *named);
  const auto arn = model::Arn::parse(resource);
  if (!arn || arn->service != "iam" || find_identity(txn, resource)) return "";
  for (const std::string_view kind : {"user", "role", "group"}) {
    if (!arn->resource.starts_with(base::format("{}/", kind))) continue;
    return base::format("there is no {} {} in account {}", kind,
                        arn->resource.substr(kind.size() + 1), arn->account);
  }
  return "";
}

}  // namespace

std::vector<std::string> notes_about(storage::sql::Txn& txn, const std::string& action,
                                     const std::string& resource) {
  std::vector<std::string> notes;
  for (std::string note : {note_about_action(action), note_about_resource(txn, action, resource)}) {
    if (!note.empty()) notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace ecr::api::admin::what_if
