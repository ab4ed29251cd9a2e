#include "api/iam/shared/granted_services.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api::iam {
namespace {

using Json = nlohmann::json;

// The policy grammar allows a single value in place of a list.
std::vector<std::string> statement_strings(const Json& statement, const char* member) {
  const Json value = statement.value(member, Json::array());
  if (value.is_string()) return {value.get<std::string>()};
  return value.get<std::vector<std::string>>();
}

// Denials, resources and conditions are ignored: the operation lists policies, it does not decide a
// request. A statement with NotAction is taken as allowing every service.
void add_services(const Json& statement, std::set<std::string>& services) {
  if (statement.value("Effect", "") != "Allow") return;
  for (const std::string& action : statement_strings(statement, "Action")) {
    services.insert(action.substr(0, action.find(':')));
  }
  if (statement.contains("NotAction")) services.insert("*");
}

}  // namespace

std::set<std::string> allowed_services(const std::string& document) {
  std::set<std::string> services;
  const Json policy = base::parse_json(document).value();
  const Json& statements = policy["Statement"];
  if (statements.is_object()) {
    add_services(statements, services);
  } else {
    for (const Json& statement : statements) add_services(statement, services);
  }
  return services;
}

}  // namespace ecr::api::iam
