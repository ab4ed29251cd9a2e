#include "api/core/dispatch/control_plane.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/access/credential_use.h"
#include "api/core/access/session_limits.h"
#include "api/core/outside_work.h"
#include "api/core/wire/error.h"
#include "api/core/wire/failure.h"
#include "api/core/wire/query_protocol.h"
#include "api/core/work/call_record.h"
#include "api/core/work/event_log.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/validator.h"

namespace ecr::api {
namespace {

// The request's operation, and the form that its parameters came in.
struct Found {
  const ServiceApi* api = nullptr;
  const model::OperationModel* model = nullptr;
  const Operation* operation = nullptr;
  FormParameters form;
};

bool starts_with_ignore_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         base::equals_ignore_case(text.substr(0, prefix.size()), prefix);
}

bool is_form(const HttpRequest& request) {
  return starts_with_ignore_case(request.headers.get("content-type"),
                                 "application/x-www-form-urlencoded");
}

// Of the forms an answer to this request may take, before its service is known.
Protocol protocol_of(const HttpRequest& request) {
  return request.headers.find("x-amz-target") ? Protocol::kJson : Protocol::kQuery;
}

void find_json(const std::vector<ServiceApi>& apis, std::string_view target, Found& found) {
  const std::size_t dot = target.rfind('.');
  for (const ServiceApi& api : apis) {
    if (api.protocol != Protocol::kJson || dot == std::string_view::npos) continue;
    if (target.substr(0, dot) != api.model().target_prefix()) continue;
    found.api = &api;
    found.model = api.model().find(target.substr(dot + 1));
    return;
  }
}

// A parameter that must not come twice: what is verified must be what is run.
std::string_view single(const FormParameters& form, std::string_view name) {
  const std::string* value = nullptr;
  for (const auto& [key, given] : form) {
    if (!base::equals_ignore_case(key, name)) continue;
    if (value != nullptr || key != name) {
      throw ApiError::serialization(base::format("Parameter {} is given more than once", name));
    }
    value = &given;
  }
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

void find_query(const std::vector<ServiceApi>& apis, const HttpRequest& request, Found& found) {
  const bool in_body = is_form(request) && request.method == "POST";
  auto form = base::parse_form(in_body ? request.body : request.query(), true);
  if (!form) throw ApiError::serialization("The parameters are not properly URL-encoded");
  found.form = std::move(*form);
  const std::string_view version = single(found.form, "Version");
  const std::string_view action = single(found.form, "Action");
  if (action.empty()) {
    throw ApiError(ErrorCode::kMissingAuthenticationToken, "Missing Authentication Token");
  }
  for (const ServiceApi& api : apis) {
    if (api.protocol != Protocol::kQuery || api.model().api_version() != version) continue;
    found.api = &api;
    found.model = api.model().find(action);
    if (found.model == nullptr) {
      throw ApiError::unknown_operation(
          base::format("Could not find operation {} for version {}", action, version));
    }
    return;
  }
  throw ApiError::unknown_operation(
      base::format("Could not find operation {} for version {}", action,
                   version.empty() ? "NO_VERSION_SPECIFIED" : version));
}

void find_operation(const std::vector<ServiceApi>& apis, const HttpRequest& request, Found& found) {
  if (!request.headers.get("content-encoding").empty()) {
    throw ApiError(ErrorCode::kUnsupportedEncoding, "Content-Encoding is not supported");
  }
  if (const auto target = request.headers.find("x-amz-target")) {
    if (request.method != "POST") throw ApiError::unknown_operation();
    find_json(apis, *target, found);
  } else {
    find_query(apis, request, found);
  }
  if (found.model == nullptr) throw ApiError::unknown_operation();
  found.operation = found.api->find(found.model->name);
  if (found.operation == nullptr) {
    throw ApiError::unknown_operation(
        base::format("ecr-local does not have the operation {}:{} yet (GET /_ecr-local/coverage "
                     "lists what it has)",
                     found.api->signing_name, found.model->name));
  }
}

ErrorCode code_of(auth::SignatureErrorKind kind) {
  switch (kind) {
    case auth::SignatureErrorKind::kMissingAuthenticationToken:
      return ErrorCode::kMissingAuthenticationToken;
    case auth::SignatureErrorKind::kIncompleteSignature:
      return ErrorCode::kIncompleteSignature;
    case auth::SignatureErrorKind::kInvalidSignature:
      return ErrorCode::kInvalidSignature;
    case auth::SignatureErrorKind::kUnrecognizedClient:
      return ErrorCode::kUnrecognizedClient;
    case auth::SignatureErrorKind::kExpiredToken:
      return ErrorCode::kExpiredToken;
  }
  return ErrorCode::kInvalidSignature;
}

// The region that the host name stands for ("api.ecr.eu-west-1.amazonaws.com"); the signature must
// be for that one. Any other name serves every region.
std::optional<std::string_view> region_of_host(std::string_view host) {
  constexpr std::string_view kPrefix = "api.ecr.";
  if (!starts_with_ignore_case(host, kPrefix)) return std::nullopt;
  const std::string_view rest = host.substr(kPrefix.size());
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return rest.substr(0, dot);
}

struct Authenticated {
  Caller caller;
  std::string region;
};

Authenticated authenticate(const Services& services, storage::sql::Txn& txn,
                           const HttpRequest& request, const ServiceApi& api, base::TimePoint now) {
  auth::SigV4Options options;
  // Clients sign by the machine's clock, wherever this server's own has been moved to.
  options.now = services.machine_clock.now();
  options.credentials_now = now;
  options.service = api.signing_name;
  options.region = region_of_host(request.host());
  options.signing_keys = &services.signing_keys;
  const auth::SignedRequest message{request.method, request.path(), request.query(),
                                    request.headers.fields(), request.body};
  const auto verified = auth::verify_sigv4(
      message, options, [&](std::string_view key) { return find_credential(services, txn, key); });
  if (!verified) {
    const bool missing =
        verified.error().kind == auth::SignatureErrorKind::kMissingAuthenticationToken;
    // The services with the Query protocol have a sentence of their own for it.
    throw ApiError(code_of(verified.error().kind), missing && api.protocol == Protocol::kQuery
                                                       ? "Request is missing Authentication Token"
                                                       : verified.error().message);
  }
  auto caller = find_caller(services, txn, verified->access_key_id);
  if (!caller) {
    throw ApiError(ErrorCode::kUnrecognizedClient,
                   "The security token included in the request is invalid.");
  }
  return {std::move(*caller), verified->region};
}

// A null member is an absent one, at every depth.
void drop_nulls(Json& json) {
  if (json.is_array()) {
    for (Json& element : json) drop_nulls(element);
  } else if (json.is_object()) {
    for (auto it = json.begin(); it != json.end();) {
      if (it->is_null()) {
        it = json.erase(it);
      } else {
        drop_nulls(*it);
        ++it;
      }
    }
  }
}

Json decode(const HttpRequest& request, const Found& found) {
  if (found.model->input == nullptr) return Json::object();
  if (found.api->protocol == Protocol::kQuery) return decode_query(found.form, *found.model->input);
  if (request.body.empty()) return Json::object();
  auto parsed = base::parse_json(request.body, {.max_depth = 32, .max_bytes = 64u << 20});
  if (!parsed || !parsed->is_object()) {
    throw ApiError::serialization(parsed ? "Start of structure or map found where not expected."
                                         : parsed.error().detail);
  }
  drop_nulls(*parsed);
  return std::move(*parsed);
}

std::vector<Target> resolve(const Call& call, const Operation& operation) {
  std::vector<Target> targets = operation.resources(call);
  for (Target& target : targets) {
    if (target.action.empty()) target.action = operation.action;
  }
  return targets;
}

// IAM and STS count the faults and name the value; ECR names the first fault alone.
[[noreturn]] void refuse(const std::vector<model::Violation>& violations, const ServiceApi& api) {
  const model::Violation& first = violations.front();
  if (first.kind == model::Violation::Kind::kWrongType) {
    throw ApiError::serialization(
        base::format("{}: {} can not be converted to {}", first.path, first.value, first.expected));
  }
  if (api.signing_name == "organizations") {
    // Organizations names neither the member nor the value.
    throw ApiError(ErrorCode::kOrganizationsInvalidInput, "You specified an invalid value.");
  }
  if (api.protocol == Protocol::kJson) {
    throw ApiError::invalid_parameter(first.path, constraint_text(first));
  }
  std::string message = base::format("{} validation error{} detected: ", violations.size(),
                                     violations.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < violations.size(); ++i) {
    const model::Violation& violation = violations[i];
    std::string constraint = constraint_text(violation);
    if (!constraint.starts_with("Member ")) constraint = "Member " + constraint;
    message += base::format(
        "{}Value {} at '{}' failed to satisfy constraint: {}", i == 0 ? "" : "; ",
        violation.kind == model::Violation::Kind::kMissing ? "null" : "'" + violation.value + "'",
        violation.path, constraint);
  }
  throw ApiError(ErrorCode::kValidation, std::move(message));
}

Json decode_valid(const HttpRequest& request, const Found& found) {
  Json input = decode(request, found);
  if (found.model->input != nullptr) {
    const auto violations = model::validate(input, *found.model->input);
    if (!violations.empty()) refuse(violations, *found.api);
  }
  return input;
}

HttpResponse encode(const Json& output, const Found& found, const HttpRequest& request) {
  HttpResponse response;
  if (found.api->protocol == Protocol::kJson) {
    response.set("Content-Type", "application/x-amz-json-1.1");
    response.body = base::dump(output);
  } else {
    response.set("Content-Type", "text/xml");
    response.body =
        encode_query_result(output, *found.model, found.api->model().xml_namespace(), request.id);
  }
  return response;
}

HttpResponse encode_error(const ApiError& error, const Found& found, const HttpRequest& request) {
  const ErrorNames& names = names_of(error.code());
  const Protocol protocol = found.api != nullptr ? found.api->protocol : protocol_of(request);
  HttpResponse response;
  for (const auto& [name, value] : error.headers()) response.set(name, value);
  if (protocol == Protocol::kJson) {
    response.status = names.json_status;
    response.set("Content-Type", "application/x-amz-json-1.1");
    Json body = {{"__type", std::string(names.json_type)}};
    if (!error.message().empty()) body["message"] = error.message();
    for (const auto& [name, value] : error.members()) {
      std::visit([&, &key = name](const auto& member) { body[key] = member; }, value);
    }
    response.body = base::dump(body);
  } else {
    response.status = names.query_status;
    response.set("Content-Type", "text/xml");
    response.body = encode_query_error(
        error, found.api != nullptr ? found.api->model().xml_namespace() : "", request.id);
  }
  // AWS's sentence quotes the header, with the signature in it: for the client's eyes alone.
  const bool quotes = error.code() == ErrorCode::kIncompleteSignature;
  response.note.error = quotes ? std::string(names.json_type)
                               : base::format("{}: {}", names.json_type, error.message());
  return response;
}

// The repositories, users, ... that the call is about, each once.
void note_resources(const std::vector<Target>& targets, CallRecord& record) {
  for (const Target& target : targets) {
    std::pair<std::string, std::string> resource(target.resource, target.account);
    auto& list = record.resources;
    if (!target.resource.starts_with("arn:")) continue;
    if (std::find(list.begin(), list.end(), resource) == list.end()) {
      list.push_back(std::move(resource));
    }
  }
}

// The steps of a request, in order; what any of them throws rolls everything back. `outside`: what
// an OutsideWork of an earlier run returned; empty: there was none.
HttpResponse run(const Services& services, const HttpRequest& request, const Found& found,
                 LogNote& note, CallRecord& record, std::function<void()>& note_use,
                 std::any outside) {
  const Operation& operation = *found.operation;
  note.action = base::format("{}:{}", found.api->signing_name, operation.name);
  const base::TimePoint now = services.clock.now();
  std::vector<std::function<void()>> after_commit;
  HttpResponse response;
  const bool is_signed = operation.prepare == nullptr;
  std::any prepared = std::move(outside);
  if (!is_signed) {
    record.input = std::make_shared<const Json>(decode_valid(request, found));
    prepared = operation.prepare(services, *record.input);
  }
  {
    storage::sql::Txn txn = services.store.database().begin(operation.access);
    const Authenticated who = is_signed
                                  ? authenticate(services, txn, request, *found.api, now)
                                  : Authenticated{anonymous_caller(), services.settings.region};
    note.principal = who.caller.principal.arn;
    record.who = std::make_shared<const CallIdentity>(make_call_identity(who.caller));
    record.region = who.region;
    record.time = now;
    note_use = note_of_use(services, who.caller, found.api->signing_name, who.region, now);
    check_session_limits(who.caller, found.api->signing_name, operation.name);
    if (is_signed) record.input = std::make_shared<const Json>(decode_valid(request, found));
    Call call{services,
              txn,
              request,
              who.caller,
              who.region,
              now,
              *record.input,
              std::move(prepared),
              {},
              operation.action,
              nullptr};
    const std::vector<Target> targets = resolve(call, operation);
    note_resources(targets, record);
    authorize(services, who.caller, {txn, request, who.region, now}, targets, note);
    record.output = std::make_shared<const Json>(operation.handle(call));
    if (call.identified) record.who = call.identified;
    txn.commit();
    after_commit = std::move(call.after_commit);
    response = encode(*record.output, found, request);
  }
  for (const auto& action : after_commit) action();
  return response;
}

// CloudTrail records the calls of whoever was authenticated, successes and failures alike.
void add_record(const Services& services, const HttpRequest& request, const Found& found,
                CallRecord record) {
  if (!record.who) return;
  record.service = found.api->signing_name;
  record.operation = found.model->name;
  record.input_shape = found.model->input;
  record.output_shape = found.model->output;
  describe_request(record, request, services.settings);
  services.events.add(std::move(record));
}

}  // namespace

const Operation* ServiceApi::find(std::string_view name) const {
  for (const Operation* operation : operations) {
    if (operation->name == name) return operation;
  }
  return nullptr;
}

ControlPlane::ControlPlane(const Services& services, std::vector<ServiceApi> apis)
    : services_(services), apis_(std::move(apis)) {}

HttpResponse ControlPlane::handle(const HttpRequest& request) const {
  return answer(request, [] { return std::any(); });
}

// `outside` is called first.
HttpResponse ControlPlane::answer(const HttpRequest& request,
                                  const std::function<std::any()>& outside) const {
  Found found;
  LogNote note;
  CallRecord record;
  HttpResponse response;
  std::function<void()> note_use;
  try {
    find_operation(apis_, request, found);
    response = run(services_, request, found, note, record, note_use, outside());
    note.error = std::move(response.note.error) + note.error;
  } catch (OutsideWork& work) {
    response.later = [this, &request, ask = std::move(work.run)] { return answer(request, ask); };
    return response;
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    response = encode_error(error, found, request);
    note.error = std::move(response.note.error);
    if (found.api != nullptr) {
      record.error_code = record_error_code(error.code(), found.api->protocol);
    }
    record.error_message = error.message();
  }
  if (note_use) note_use();
  add_record(services_, request, found, std::move(record));
  response.note = std::move(note);
  return response;
}

}  // namespace ecr::api
