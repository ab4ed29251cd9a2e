#include "tests/auth/iam/support.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ecr::auth::iam::test {

PolicyPtr policy(std::string_view document, PolicyType type) {
  auto parsed = Policy::parse(document, type);
  if (!parsed) {
    throw std::runtime_error(parsed.error().message + " " + parsed.error().path + " " +
                             parsed.error().detail + "\n" + std::string(document));
  }
  return *parsed;
}

AttachedPolicy attached(std::string_view document) { return {policy(document), "test"}; }

std::vector<AttachedPolicy> attached_all(std::initializer_list<std::string_view> documents) {
  std::vector<AttachedPolicy> out;
  for (const std::string_view document : documents) out.push_back(attached(document));
  return out;
}

std::string resource_policy(std::string_view effect, std::string_view principal,
                            std::string_view action) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":")" + std::string(effect) +
         R"(","Principal":)" + std::string(principal) + R"(,"Action":")" + std::string(action) +
         R"("}})";
}

Request request(std::string_view principal, std::string_view action, std::string_view resource) {
  std::string_view issuer;
  if (principal == kSession) issuer = kRole;
  if (principal == kFederated) issuer = kUser;
  Request out;
  out.principal = make_principal(principal, issuer).value();
  out.action = action;
  out.resource = resource;
  out.resource_account = "111111111111";
  return out;
}

bool allows(const std::string& statement, const Request& request, std::string_view version) {
  PolicySet set;
  set.identity.push_back(
      attached("{" + (version.empty() ? "" : "\"Version\":\"" + std::string(version) + "\",") +
               R"("Statement":{"Effect":"Allow",)" + statement + "}}"));
  return evaluate(request, set).allowed();
}

}  // namespace ecr::auth::iam::test
