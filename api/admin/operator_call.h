// A call of an AWS API that the operator of the server makes through /_ecr-local/: with the checks,
// the handler, the events and the record of a client's call, as the account's root user. It is not
// authorized: whoever may use /_ecr-local/ may do everything. Thread-safe; blocking.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/base/json.h"
#include "schemas/model/registry_id.h"

namespace ecr::api::admin {

// The service refuses the call; the answer is 400. Its own status may mean something else here: 403
// says that the caller may not use /_ecr-local/.
class OperatorError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct OperatorCall {
  std::string_view service;    // its signing name: "iam"
  std::string_view operation;  // "PutUserPolicy"
  // The account, and the Region; a global service is called in the Region that it is in.
  model::RegistryId place;
};

// The output. `http`: for the record. Throws OperatorError with what the service says to a client.
base::Json call_as_operator(const Services& services, const ControlPlane& control,
                            const HttpRequest& http, const OperatorCall& call,
                            const base::Json& input);

}  // namespace ecr::api::admin
