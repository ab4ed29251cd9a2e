#include "api/admin/policy_writer.h"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/statement_text.h"
#include "schemas/json.h"

namespace ecr::api::admin {
namespace {

using schemas::OrderedJson;
using Names = std::set<std::string>;

// As people write it: one value alone is no list.
OrderedJson list_of(const Names& names) {
  if (names.size() == 1) return *names.begin();
  OrderedJson list = OrderedJson::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

}  // namespace

std::string write_least_privilege_policy(const std::vector<RequestedAccess>& requests) {
  std::map<std::string, Names> resources;  // by action
  for (const auto& [action, resource] : requests) {
    resources[canonical_action(action)].insert(resource_pattern(action, resource));
  }
  std::map<Names, Names> actions;  // by resources
  for (auto& [action, patterns] : resources) {
    if (patterns.contains("*")) patterns = {"*"};
    actions[patterns].insert(action);
  }
  OrderedJson statements = OrderedJson::array();
  for (const auto& [patterns, names] : actions) {
    OrderedJson statement;
    statement["Sid"] = "Statement" + std::to_string(statements.size() + 1);
    statement["Effect"] = "Allow";
    statement["Action"] = list_of(names);
    statement["Resource"] = list_of(patterns);
    statements.push_back(std::move(statement));
  }
  const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace ecr::api::admin
