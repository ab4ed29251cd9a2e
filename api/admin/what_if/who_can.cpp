#include "api/admin/what_if/who_can.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/account_access.h"

namespace ecr::api::admin::what_if {
namespace {

using base::OrderedJson;
using storage::EntityKind;

constexpr std::int64_t kEntitiesAtOnce = 1000;

// In the order of account, kind and name; a role without a session comes after its sessions.
class CandidateList {
 public:
  explicit CandidateList(const std::optional<std::string>& account) : account_(account) {}

  bool wants(std::string_view account) const { return !account_ || *account_ == account; }
  void add(Candidate one) {
    if (!wants(one.account) || !known_.insert(one.principal).second) return;
    list_.push_back(std::move(one));
  }
  std::vector<Candidate> take() {
    const auto key = [](const Candidate& one) { return std::tie(one.account, one.principal); };
    std::sort(list_.begin(), list_.end(),
              [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
    return std::move(list_);
  }

 private:
  const std::optional<std::string>& account_;
  std::set<std::string> known_;
  std::vector<Candidate> list_;
};

void add_entities(storage::sql::Txn& txn, const std::string& account, EntityKind kind,
                  CandidateList& list) {
  std::string after;
  while (true) {
    const auto page = storage::list_entities(txn, account, kind, "", after, kEntitiesAtOnce);
    for (const storage::Entity& entity : page) {
      list.add({entity_arn(entity), kind == EntityKind::kRole ? "role" : "user", account});
    }
    if (std::ssize(page) < kEntitiesAtOnce) return;
    after = base::to_lower(page.back().name);
  }
}

void add_named(std::string_view type, const std::string& text, std::string_view partition,
               CandidateList& list) {
  if (type == "Service") {
    list.add({text, "service", ""});
    return;
  }
  if (type != "AWS") return;
  if (model::is_account_id(text)) {
    list.add({root_arn(partition, text), "root", text});
    return;
  }
  const auto arn = model::Arn::parse(text);
  if (!arn) return;
  if (arn->resource == "root") list.add({text, "root", arn->account});
  if (arn->resource.starts_with("assumed-role/")) list.add({text, "session", arn->account});
}

void add_principals(const OrderedJson& element, std::string_view partition, CandidateList& list) {
  if (!element.is_object()) return;  // "*": everybody, whom the server does not know
  for (const auto& [type, value] : element.items()) {
    const OrderedJson values = value.is_array() ? value : OrderedJson::array({value});
    for (const OrderedJson& one : values) {
      if (one.is_string()) add_named(type, one.get<std::string>(), partition, list);
    }
  }
}

void add_principals_of(const auth::iam::Policy& policy, std::string_view partition,
                       CandidateList& list) {
  for (std::size_t i = 0; i < policy.statement_count(); ++i) {
    const auto statement = OrderedJson::parse(policy.statement_json(i));
    if (statement.contains("Principal")) {
      add_principals(statement["Principal"], partition, list);
    }
  }
}

}  // namespace

std::vector<Candidate> candidates(const Services& services, storage::sql::Txn& txn,
                                  const std::vector<auth::iam::AttachedPolicy>& resource_policies,
                                  const std::optional<std::string>& account) {
  CandidateList list(account);
  const std::string_view partition = model::partition_of(services.settings.region);
  auto accounts = storage::known_accounts(txn);
  accounts.push_back(services.settings.account);
  for (const std::string& one : accounts) {
    if (!list.wants(one)) continue;
    add_entities(txn, one, EntityKind::kUser, list);
    add_entities(txn, one, EntityKind::kRole, list);
    list.add({root_arn(partition, one), "root", one});
  }
  for (const auto& attached : resource_policies) {
    add_principals_of(*attached.policy, partition, list);
  }
  return list.take();
}

WhoCan who_can(const Services& services, storage::sql::Txn& txn, const PolicyReader& reader,
               const std::string& action, const std::string& resource,
               const std::optional<std::string>& account, std::size_t limit,
               const Deadline& deadline) {
  PolicyView view(services, txn, reader);
  OutlookMaker maker;
  WhoCan result;
  // The policies of the resource do not depend on the caller.
  const Caller somebody =
      view.root_of(services.settings.account, model::partition_of(services.settings.region));
  const auto policies = view.ask(somebody, action, resource).policies.resource;
  for (Candidate& one : candidates(services, txn, policies, account)) {
    if (deadline.is_over() || result.capable.size() > limit) {
      result.truncated = true;
      break;
    }
    const auto caller = view.caller_named(one.principal);
    if (!caller) continue;  // a session of a role that is not here
    Capable found{std::move(one), view.ask(*caller, action, resource), {}};
    found.outlook = maker.look(found.question, kMostStepsHere);
    if (found.outlook.answer == Outlook::Answer::kNever) continue;
    result.capable.push_back(std::move(found));
  }
  if (result.capable.size() > limit) {
    result.truncated = true;
    result.capable.pop_back();
  }
  return result;
}

}  // namespace ecr::api::admin::what_if
