#include "api/admin/operator_call.h"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/access/operation.h"
#include "api/core/access/principal_policies.h"
#include "api/core/background/call_record.h"
#include "api/core/background/event_log.h"
#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/partition.h"
#include "schemas/model/validator.h"

namespace ecr::api::admin {
namespace {

using base::Json;

struct OperatorsOperation {
  const ServiceApi* api = nullptr;
  const Operation* operation = nullptr;
  const model::OperationModel* model = nullptr;
};

OperatorsOperation find_operation_of(const ControlPlane& control, const OperatorCall& call) {
  for (const ServiceApi& api : control.apis()) {
    if (api.signing_name != call.service) continue;
    const Operation* const operation = api.find(call.operation);
    if (operation != nullptr) return {&api, operation, api.model().find(call.operation)};
  }
  throw std::logic_error(base::format("no operation {}:{}", call.service, call.operation));
}

void check_operators_input(const OperatorsOperation& found, const Json& input) {
  if (found.model->input == nullptr) return;
  const auto violations = model::validate(input, *found.model->input);
  if (violations.empty()) return;
  throw ApiError::invalid_parameter(violations.front().path,
                                    model::constraint_text(violations.front()));
}

Caller operators_caller(const Services& services, storage::sql::Txn& txn,
                        const model::RegistryId& place) {
  Caller caller;
  caller.partition = place.partition();
  caller.account = place.account;
  caller.principal.kind = auth::iam::PrincipalKind::kRoot;
  caller.principal.arn = root_arn(caller.partition, place.account);
  caller.principal.account = place.account;
  caller.user_id = place.account;
  caller.identity.push_back(root_policy(services));
  add_organization(services, txn, caller);
  return caller;
}

Json run_call(const Services& services, const ControlPlane& control, const HttpRequest& http,
              const OperatorCall& call, const Json& input) {
  const OperatorsOperation found = find_operation_of(control, call);
  check_operators_input(found, input);
  model::RegistryId place = call.place;
  if (found.api->global_region != nullptr) {
    place.region = std::string(model::partition_of_region(place.region).*found.api->global_region);
  }
  const base::TimePoint now = services.clock.now();
  LogNote note;  // the line in the access log is that of the path
  CallRecord record;
  Json output;
  {
    storage::sql::Txn txn = services.store.database().begin(found.operation->access);
    const Caller caller = operators_caller(services, txn, place);
    record.identity = std::make_shared<const CallIdentity>(make_call_identity(caller));
    ApiRequest asked{{services, txn, http, caller, place, now, note},
                     services,
                     input,
                     found.operation->action,
                     {},
                     {}};
    if (found.operation->decode != nullptr) asked.decoded = found.operation->decode(input);
    std::any subject;
    for (const Target& target : found.operation->code.resolve(asked, subject)) {
      if (!target.resource.starts_with("arn:")) continue;
      const std::pair<std::string, std::string> resource(target.resource, target.account);
      auto& list = record.resources;
      if (std::find(list.begin(), list.end(), resource) == list.end()) list.push_back(resource);
    }
    found.operation->code.handle(asked, subject, output);
    txn.commit();
  }
  record.time = now;
  record.service = found.api->signing_name;
  record.operation = found.model->name;
  record.region = place.region;
  record.input = std::make_shared<const Json>(input);
  record.output = std::make_shared<const Json>(output);
  record.input_shape = found.model->input;
  record.output_shape = found.model->output;
  describe_request(record, http);
  services.events.add(std::move(record));
  return output;
}

}  // namespace

Json call_as_operator(const Services& services, const ControlPlane& control,
                      const HttpRequest& http, const OperatorCall& call, const Json& input) {
  try {
    return run_call(services, control, http, call, input);
  } catch (const ApiError& error) {
    throw OperatorError(error.message());
  }
}

}  // namespace ecr::api::admin
