// GET /_ecr-local/identities: the users, groups, roles and policies of all accounts. Thread-safe;
// blocking.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin::inventory {

// Parameters: account; kind (users, groups, roles, managedPolicies) and after, which read on in one
// list of one account; limit, of each list. Without kind every list begins at its beginning, and
// "next" of an account names where those go on that are longer. Throws ParameterError.
HttpResponse answer_identities(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin::inventory
