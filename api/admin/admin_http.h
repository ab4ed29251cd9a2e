// Shared by the routes of /_ecr-local/: their query parameters, the error that names a parameter,
// and answers in JSON. Stateless but for one QueryParameters a request.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/wire/http.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {

// A query parameter or a member of the body that cannot be used; the answer is 400. The text is
// "limit: must be a number from 1 to 1000".
class ParameterError : public std::runtime_error {
 public:
  ParameterError(const std::string& parameter, const std::string& reason)
      : std::runtime_error(parameter + ": " + reason) {}
};

// The query parameters of a request: each may stand at most once, and an unknown one is an error,
// because a mistyped filter would otherwise be ignored silently. Each take_ function throws
// ParameterError, and removes the parameter that it returns.
class QueryParameters {
 public:
  explicit QueryParameters(std::string_view query);

  // nullopt: not given. A parameter that is given is not empty.
  std::optional<std::string> take(const std::string& name);
  // REQUIRES: `choices` is a list as the error text shows it: "allowed, all".
  std::optional<std::string> take_choice(const std::string& name, std::string_view choices);
  bool take_flag(const std::string& name);  // "true" or "false"; not given: false
  std::optional<std::uint64_t> take_number(const std::string& name, std::uint64_t least,
                                           std::uint64_t most);
  std::optional<base::TimePoint> take_time(const std::string& name);  // ISO 8601

  // Throws ParameterError where a parameter was given that no take_ function asked for.
  void finish() const;

 private:
  std::map<std::string, std::string> values_;
  std::vector<std::string> known_;  // asked for so far
};

// The JSON document and a newline, so that the output of curl ends with one.
HttpResponse json_response(int status, const base::Json& json);
HttpResponse json_response(int status, const base::OrderedJson& json);
// {"message": ...}; the access log has the message too.
HttpResponse error_response(int status, std::string_view message);

}  // namespace ecr::api::admin
