// Calls of the AWS Query APIs (IAM, STS) on the core of fixture.h: signed forms in, XML out, read
// back by the model's output shape and checked against it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schemas/model/model.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {

using Parameters = std::vector<std::pair<std::string, std::string>>;

class QueryTest : public ApiTest {
 protected:
  // One call of `service` ("iam", "sts"), signed with `keys` and `session_token`; unsigned where
  // the access key is empty.
  HttpResponse send_query(const std::string& service, const std::string& action,
                          const Parameters& parameters);
  // The output, which must be a success and fit the operation's output shape.
  Json call_query(const std::string& service, const std::string& action,
                  const Parameters& parameters);
  // {Code, Message} of a call that must fail with this status.
  std::pair<std::string, std::string> fail_query(const std::string& service,
                                                 const std::string& action,
                                                 const Parameters& parameters, int status);

  HttpResponse sts_send(const std::string& action, const Parameters& parameters = {}) {
    return send_query("sts", action, parameters);
  }
  Json sts(const std::string& action, const Parameters& parameters = {}) {
    return call_query("sts", action, parameters);
  }
  std::pair<std::string, std::string> sts_fail(const std::string& action,
                                               const Parameters& parameters, int status) {
    return fail_query("sts", action, parameters, status);
  }
  // Applies a seed document, which must be accepted.
  void seed(const Json& document);
  // The following calls are made with these temporary credentials.
  void use(const Json& credentials);
  // ... with these long-term ones.
  void use(const Keys& long_term);

  std::string session_token;
  std::string accept;  // of the following calls; empty: no such header
};

// The text of the first element of that name; empty: none.
std::string xml_text(const std::string& xml, const std::string& element);

}  // namespace ecr::api::test
