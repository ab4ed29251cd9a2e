#include "api/admin/inventory/identities.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin::inventory {
namespace {

using base::OrderedJson;
using storage::EntityKind;

constexpr std::uint64_t kMostIdentities = 1000;  // of a list
constexpr std::size_t kMostAccounts = 100;

struct IdentityQuery {
  std::optional<std::string> account;
  std::optional<std::string> kind;
  std::string after;
  std::int64_t limit = 100;

  bool wants(std::string_view list) const { return !kind || *kind == list; }
};

IdentityQuery read_query(const HttpRequest& request) {
  QueryParameters parameters(request.query());
  IdentityQuery query;
  query.account = parameters.take("account");
  query.kind = parameters.take_choice("kind", "users, groups, roles, managedPolicies");
  query.after = parameters.take("after").value_or("");
  query.limit =
      static_cast<std::int64_t>(parameters.take_number("limit", 1, kMostIdentities).value_or(100));
  parameters.finish();
  if (query.account && !model::is_account_id(*query.account)) {
    throw ParameterError("account", "must be 12 digits");
  }
  if (query.kind && !query.account)
    throw ParameterError("account", "is missing: it goes with kind");
  if (!query.after.empty() && !query.kind) {
    throw ParameterError("kind", "is missing: it goes with after");
  }
  return query;
}

// As an object where it is one. What is stored was accepted, so it is.
OrderedJson document_of(const std::string& text) {
  auto json = base::parse_ordered_json(text);
  return json ? std::move(*json) : OrderedJson(text);
}

OrderedJson entity_json(storage::sql::Txn& txn, const storage::Entity& entity) {
  OrderedJson json = {{"name", entity.name},
                      {"arn", entity_arn(entity)},
                      {"path", entity.path},
                      {"id", entity.unique_id},
                      {"createdAt", base::format_iso8601(entity.created_at)}};
  if (entity.kind == EntityKind::kUser) {
    OrderedJson groups = OrderedJson::array();
    for (const auto& group : storage::groups_of(txn, entity.id)) groups.push_back(group.name);
    json["groups"] = std::move(groups);
  }
  OrderedJson policies = OrderedJson::array();
  for (const auto& policy : storage::inline_policies(txn, entity.id)) {
    policies.push_back({{"name", policy.name}, {"document", document_of(policy.document)}});
  }
  json["policies"] = std::move(policies);
  json["attachedPolicies"] = storage::attached_policies(txn, entity.id);
  if (entity.kind == EntityKind::kGroup) return json;
  json["boundary"] = entity.boundary ? OrderedJson(*entity.boundary) : OrderedJson();
  OrderedJson tags = OrderedJson::object();
  for (const auto& [key, value] : storage::entity_tags(txn, entity.id)) tags[key] = value;
  json["tags"] = std::move(tags);
  if (entity.kind == EntityKind::kRole) {
    json["maxSessionSeconds"] = entity.max_session_seconds;
    json["trustPolicy"] = entity.trust_policy
                              ? document_of(shown_principals(txn, *entity.trust_policy))
                              : OrderedJson();
  }
  return json;
}

class Account {
 public:
  Account(storage::sql::Txn& txn, const IdentityQuery& query, std::string id)
      : txn_(txn), query_(query), id_(std::move(id)) {}

  OrderedJson json() {
    OrderedJson json = {{"id", id_}};
    add_entities("users", EntityKind::kUser, json);
    add_entities("groups", EntityKind::kGroup, json);
    add_entities("roles", EntityKind::kRole, json);
    add_managed(json);
    if (!query_.kind) {
      add_organization_to(json);
      OrderedJson registries = OrderedJson::array();
      for (const auto& [region, policy] : storage::registry_policies(txn_, id_)) {
        registries.push_back(
            {{"region", region}, {"document", document_of(shown_principals(txn_, policy))}});
      }
      json["registryPolicies"] = std::move(registries);
    }
    json["next"] = next_;
    return json;
  }

 private:
  // One more than the page shows: if it is there, the list goes on.
  template <class Row>
  bool cut(std::vector<Row>& rows) {
    if (std::ssize(rows) <= query_.limit) return false;
    rows.pop_back();
    return true;
  }
  std::string after() const { return base::to_lower(query_.after); }

  void add_entities(const char* name, EntityKind kind, OrderedJson& json) {
    if (!query_.wants(name)) return;
    auto rows = storage::list_entities(txn_, id_, kind, "", after(), query_.limit + 1);
    if (cut(rows)) next_[name] = rows.back().name;
    OrderedJson list = OrderedJson::array();
    for (const auto& row : rows) list.push_back(entity_json(txn_, row));
    json[name] = std::move(list);
  }

  void add_managed(OrderedJson& json) {
    constexpr const char* kName = "managedPolicies";
    if (!query_.wants(kName)) return;
    auto rows = storage::list_managed_policies(txn_, id_, "", after(), query_.limit + 1);
    if (cut(rows)) next_[kName] = rows.back().name;
    OrderedJson list = OrderedJson::array();
    for (const auto& row : rows) {
      const auto document = storage::managed_policy_document(txn_, row.arn);
      list.push_back({{"arn", row.arn},
                      {"name", row.name},
                      {"document", document ? document_of(*document) : OrderedJson()}});
    }
    json[kName] = std::move(list);
  }

  // From the root down: what limits the account, whether or not it is the one that manages the
  // organization.
  void add_control(storage::ControlPolicyKind kind, OrderedJson& list) {
    for (const auto& level : storage::control_policies(txn_, id_, kind)) {
      for (const auto& policy : level.policies) {
        list.push_back({{"level", level.target},
                        {"id", policy.id},
                        {"name", policy.name},
                        {"document", document_of(policy.document)}});
      }
    }
  }
  void add_organization_to(OrderedJson& json) {
    const auto organization = storage::organization_of(txn_, id_);
    json["organization"] =
        organization ? OrderedJson{{"id", organization->id},
                                   {"managementAccount", organization->management_account}}
                     : OrderedJson();
    OrderedJson scps = OrderedJson::array();
    OrderedJson rcps = OrderedJson::array();
    if (organization) {
      add_control(storage::ControlPolicyKind::kService, scps);
      add_control(storage::ControlPolicyKind::kResource, rcps);
    }
    json["scps"] = std::move(scps);
    json["rcps"] = std::move(rcps);
  }

  storage::sql::Txn& txn_;
  const IdentityQuery& query_;
  const std::string id_;
  OrderedJson next_ = OrderedJson::object();
};

}  // namespace

HttpResponse answer_identities(const Services& services, const HttpRequest& request) {
  const IdentityQuery query = read_query(request);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  std::vector<std::string> accounts;
  if (query.account) {
    accounts.push_back(*query.account);
  } else {
    accounts = storage::known_accounts(txn);
    // The account of the server comes first, whether or not anything is in it.
    std::erase(accounts, services.settings.account);
    accounts.insert(accounts.begin(), services.settings.account);
  }
  OrderedJson json;
  json["accounts"] = OrderedJson::array();
  json["truncated"] = accounts.size() > kMostAccounts;
  accounts.resize(std::min(accounts.size(), kMostAccounts));
  for (std::string& account : accounts) {
    json["accounts"].push_back(Account(txn, query, std::move(account)).json());
  }
  return json_response(200, json);
}

}  // namespace ecr::api::admin::inventory
