#include "api/admin/failure_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/decisions/failure_reason.h"
#include "api/core/access/decision_log.h"

namespace ecr::api::admin {

HttpResponse answer_failures(const Services& services, const HttpRequest& request) {
  constexpr std::uint64_t kMostAtOnce = 1000;
  QueryParameters parameters(request.query());
  const auto request_id = parameters.take("requestId");
  const auto since = parameters.take_time("since");
  const auto after = parameters.take_number("after", 0, std::numeric_limits<std::uint64_t>::max());
  const auto limit = parameters.take_number("limit", 1, kMostAtOnce).value_or(100);
  parameters.finish();
  const auto failures =
      services.failures.read_back(limit, [&](const AuthenticationFailure& failure) {
        return (!request_id || failure.request_id == *request_id) &&
               (!since || failure.time >= *since) && (!after || failure.sequence > *after);
      });
  base::OrderedJson json;
  json["failures"] = base::OrderedJson::array();
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  for (const AuthenticationFailure& failure : failures) {
    json["failures"].push_back(failure_json(services, txn, failure));
  }
  return json_response(200, json);
}

}  // namespace ecr::api::admin
