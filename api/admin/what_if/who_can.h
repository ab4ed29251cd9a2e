// Who can do something: every principal that the server knows, asked about one action and resource.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/admin/what_if/budget.h"
#include "api/admin/what_if/outlook.h"
#include "api/core/services.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

struct Candidate {
  std::string principal;  // an ARN, or the name of a service
  std::string kind;       // "user", "role", "session", "root", "service"
  std::string account;    // empty: a service
};

// Users and roles of the accounts that the server knows, the root users of these accounts, and the
// sessions, services and root users of other accounts that `resource_policies` name. By account and
// name. `account`: only those of that account (services: never).
std::vector<Candidate> candidates(const Services& services, storage::sql::Txn& txn,
                                  const std::vector<auth::iam::AttachedPolicy>& resource_policies,
                                  const std::optional<std::string>& account);

struct Capable {
  Candidate who;
  Question question;  // that the verdicts of `outlook` point into
  Outlook outlook;    // kAlways or kSometimes
};

struct WhoCan {
  std::vector<Capable> capable;
  bool truncated = false;  // more than `limit`, or there was no time for all
};

WhoCan who_can(const Services& services, storage::sql::Txn& txn, const PolicyReader& reader,
               const std::string& action, const std::string& resource,
               const std::optional<std::string>& account, std::size_t limit,
               const Deadline& deadline);

}  // namespace ecr::api::admin::what_if
