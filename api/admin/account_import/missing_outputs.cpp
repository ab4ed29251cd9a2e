// Outputs that are not there. `can` would answer without them as if AWS had nothing of the kind.
// Test: WhatIsMissingAndChangesAnswersIsNamed in tests/api/admin/account_import.
#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::account_import {
namespace {

constexpr std::size_t kMostNames = 3;

void note_missing_tags(Importing& importing) {
  std::vector<std::string> names;
  std::size_t count = 0;
  for (const auto& [key, place] : importing.repositories) {
    if (importing.with_tags.contains(key)) continue;
    if (++count <= kMostNames) names.push_back(std::get<2>(key));
  }
  if (count == 0) return;
  importing.notes.add(base::format(
      "no output of ecr list-tags-for-resource of {} ({}{}): conditions on aws:ResourceTag see no "
      "tags there; add it where a policy looks at tags",
      base::counted(count, "repository", "repositories"), base::join(names, ", "),
      count > kMostNames ? ", …" : ""));
}

// `without`: what the account then is, as "its repositories are without policies".
void note_missing_kind(Importing& importing, std::string_view command, const std::string& account,
                       std::string_view without) {
  importing.notes.add(base::format("no output of {} of account {}: {} here; add it if AWS has some",
                                   command, account, without));
}

}  // namespace

void convert_script_report(Importing& importing, const ExportNode& document) {
  document.check_members("export-account", {"exportAccount", "result"});
  const std::string account = account_of_file(importing, document.file());
  importing.asked_by_script.insert(account);
  if (document.text("result") == "complete") return;
  importing.notes.add(base::format(
      "the export of account {} is not complete: the file \"incomplete\" beside {} says what the "
      "script could not read",
      account, document.file()));
}

void note_missing_outputs(Importing& importing) {
  std::set<std::string> accounts;  // with repositories
  for (const auto& [key, place] : importing.repositories) accounts.insert(std::get<0>(key));
  note_missing_tags(importing);
  bool script_for_all = true;
  for (const auto& [account, ignored] : importing.accounts.items()) {
    if (importing.asked_by_script.contains(account)) continue;
    script_for_all = false;
    if (!importing.with_identities.contains(account)) {
      note_missing_kind(importing, "iam get-account-authorization-details", account,
                        "it has no users, roles and policies");
    }
    if (!accounts.contains(account)) continue;
    if (!importing.with_repository_policy.contains(account)) {
      note_missing_kind(importing, "ecr get-repository-policy", account,
                        "its repositories have no policies");
    }
    if (!importing.with_registry_policy.contains(account)) {
      note_missing_kind(importing, "ecr get-registry-policy", account,
                        "its registries have no policies");
    }
  }
  if (importing.organization.is_null() && !script_for_all) {
    importing.notes.add(
        "no outputs of organizations: no SCP and no RCP limits anything here; add those of the "
        "management account if there is an organization");
  }
}

}  // namespace ecr::api::admin::account_import
