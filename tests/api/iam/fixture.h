// Calls of the IAM API by the root user of 111122223333, or by the principal that use() selects.
#pragma once

#include <string>
#include <utility>

#include "tests/api/query_fixture.h"

namespace ecr::api::test {

using IamError = std::pair<std::string, std::string>;  // code, message

class IamTest : public QueryTest {
 protected:
  IamTest() { use(kRoot); }

  Json iam(const std::string& action, const Parameters& parameters = {}) {
    return call_query("iam", action, parameters);
  }
  IamError iam_fail(const std::string& action, const Parameters& parameters, int status) {
    return fail_query("iam", action, parameters, status);
  }
  // The names in list `member` of the answer.
  std::vector<std::string> names(const Json& list, const char* member) {
    std::vector<std::string> found;
    for (const Json& one : list) found.push_back(one[member].get<std::string>());
    return found;
  }
  // Makes a user with a key and this inline policy, and calls as that user from now on.
  void become(const std::string& name, const Json& may) {
    use(kRoot);
    iam("CreateUser", {{"UserName", name}});
    iam("PutUserPolicy",
        {{"UserName", name}, {"PolicyName", "may"}, {"PolicyDocument", may.dump()}});
    use(keys_of(iam("CreateAccessKey", {{"UserName", name}})["AccessKey"]));
  }
  static Keys keys_of(const Json& key) {
    return {key["AccessKeyId"].get<std::string>(), key["SecretAccessKey"].get<std::string>()};
  }
  std::string denied(const std::string& user, const std::string& action,
                     const std::string& resource) {
    return "User: arn:aws:iam::111122223333:user/" + user +
           " is not authorized to perform: " + action + " on resource: " + resource +
           " because no identity-based policy allows the " + action + " action";
  }

  inline static const Keys kRoot{"111122223333", "test"};
};

}  // namespace ecr::api::test
