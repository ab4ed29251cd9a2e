#include "api/core/dispatch/control_plane.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/access/failure_log.h"
#include "api/core/access/gate.h"
#include "api/core/access/identity.h"
#include "api/core/access/operation.h"
#include "api/core/access/origin.h"
#include "api/core/background/call_record.h"
#include "api/core/background/event_log.h"
#include "api/core/dispatch/operation_codec.h"
#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/aws_hosts.h"

namespace ecr::api {
namespace {

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

struct Authenticated {
  Caller caller;
  std::string region;  // that the request counts as one of
};

// A global service has one endpoint, in us-east-1, and its calls are calls of that Region, whatever
// Region the client signed for: for conditions (IAM User Guide, "AWS global condition context
// keys", aws:RequestedRegion), in the records of its calls, and as the last use of the credentials.
// For the other partitions it is inferred from the Region that their endpoints are in (test
// GlobalServicesAreInOneRegion).
std::string region_of_call(const ServiceApi& api, const std::string& signed_for) {
  if (api.global_region == nullptr) return signed_for;
  return std::string(model::partition_of_region(signed_for).*api.global_region);
}

ApiError unknown_caller() {
  return {ErrorCode::kUnrecognizedClient, "The security token included in the request is invalid."};
}

Authenticated authenticate(const Services& services, storage::sql::Txn& txn,
                           const HttpRequest& request, const ServiceApi& api, base::TimePoint now,
                           std::optional<std::string_view> body_hash = {}) {
  auth::SigV4Options options;
  // Clients sign by the machine's clock, wherever this server's own has been moved to.
  options.now = services.machine_clock.now();
  options.credentials_now = now;
  options.service = api.signing_name;
  // The Region that the host name stands for ("api.ecr.eu-west-1.amazonaws.com"): the signature
  // must be for that one. Any other name serves every Region.
  const auto region = model::signing_region(request.host());
  if (region) options.region = *region;
  options.signing_keys = &services.signing_keys;
  const auth::SignedRequest message{request.method,           request.path(), request.query(),
                                    request.headers.fields(), request.body,   body_hash};
  const auto verified = auth::verify_sigv4(
      message, options, [&](std::string_view key) { return find_credential(services, txn, key); });
  if (!verified) {
    const bool missing =
        verified.error().kind == auth::SignatureErrorKind::kMissingAuthenticationToken;
    // IAM and STS (Query) say "Request is missing Authentication Token", ECR "Missing
    // Authentication Token".
    throw ApiError(code_of(verified.error().kind), missing && api.protocol == Protocol::kQuery
                                                       ? "Request is missing Authentication Token"
                                                       : verified.error().message);
  }
  check_default_credentials(services.settings, verified->access_key_id, request);
  auto caller = find_caller(services, txn, verified->access_key_id, verified->region);
  // The signature is right and the principal is gone: the role of a session was deleted, for
  // example.
  if (!caller) throw unknown_caller();
  return {std::move(*caller), region_of_call(api, verified->region)};
}

std::vector<Target> resolve(ApiRequest& request, const Operation& operation, std::any& subject) {
  std::vector<Target> targets = operation.code.resolve(request, subject);
  for (Target& target : targets) {
    if (target.action.empty()) target.action = operation.action;
  }
  return targets;
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

using storage::sql::Access;

// The body of nearly every call: decoding it takes less than beginning a second transaction.
constexpr std::size_t kSmallBody = 16u << 10;

// What is known of a request before it is resolved and authorized.
struct Opened {
  Authenticated who;
  std::shared_ptr<const Json> input;
  std::any decoded;
  std::optional<storage::sql::Txn> txn;  // in which the caller was authenticated, if it goes on
  std::uint64_t version = 0;             // of the database, before that
};

// What a request leaves behind for the logs, whether it succeeds or fails.
struct Trail {
  LogNote note;
  CallRecord record;
  std::function<void()> note_use;  // writes down that the credentials were used
};

void note_caller(const Services& services, const MatchedOperation& found, const Authenticated& who,
                 base::TimePoint now, Trail& trail) {
  trail.note.principal = who.caller.principal.arn;
  trail.record.identity = std::make_shared<const CallIdentity>(make_call_identity(who.caller));
  trail.note_use = note_of_use(services, who.caller, found.api->signing_name, who.region, now);
  check_session_limits(who.caller, *found.api, *found.operation);
}

// The signature is verified before the input is validated: AWS answers a bad one before it says
// anything about the parameters. Operations without signature are decoded first: there is nobody to
// authenticate before. All of this is in proportion to the body, which clients make large: none of
// it happens while the writer is held. `asks`: another server has to be asked first.
Opened open_request(const Services& services, const HttpRequest& request,
                    const MatchedOperation& found, base::TimePoint now, bool asks, Trail& trail) {
  const Operation& operation = *found.operation;
  Opened opened;
  trail.record.time = now;
  const auto read_input = [&] {
    opened.input = std::make_shared<const Json>(decode_input(request, found));
    trail.record.input = opened.input;
  };
  if (operation.credentials != Credentials::kSignature) {
    read_input();
    // Nothing is signed for a Region: it is that of the host name, where that has one.
    opened.who = {anonymous_caller(),
                  model::signing_region(request.host()).value_or(services.settings.region)};
    trail.record.region = opened.who.region;
    // A token that is not good leaves no record of a call: nobody is known to have made it.
    if (!asks) note_caller(services, found, opened.who, now, trail);
    return opened;
  }
  opened.version = services.store.database().version();
  opened.txn.emplace(services.store.database().begin(Access::kRead));
  opened.who = authenticate(services, *opened.txn, request, *found.api, now);
  trail.record.region = opened.who.region;
  const bool goes_on = operation.access == Access::kRead && request.body.size() <= kSmallBody;
  if (!goes_on) opened.txn.reset();
  note_caller(services, found, opened.who, now, trail);
  read_input();
  if (operation.decode != nullptr) opened.decoded = operation.decode(*opened.input);
  return opened;
}

// The transaction of the call itself, and the caller as it is in that: its key may have been
// deleted since it was authenticated. An operation that still has to ask another server only finds
// out what to ask.
storage::sql::Txn begin_call(const Services& services, const Operation& operation, bool asks,
                             Opened& opened) {
  if (opened.txn) return std::move(*opened.txn);
  storage::sql::Database& database = services.store.database();
  storage::sql::Txn txn = database.begin(asks ? Access::kRead : operation.access);
  const bool is_signed = operation.credentials == Credentials::kSignature;
  if (!is_signed || database.version() == opened.version) return txn;
  auto caller = find_caller(services, txn, opened.who.caller.access_key_id, opened.who.region);
  if (!caller) throw unknown_caller();
  opened.who.caller = std::move(*caller);
  return txn;
}

// The steps of a request, in order; what any of them throws rolls everything back. `outside`: the
// result of an OutsideWork of an earlier run; empty: there was none.
HttpResponse run(const Services& services, const HttpRequest& request,
                 const MatchedOperation& found, Trail& trail, std::any outside) {
  const Operation& operation = *found.operation;
  const base::TimePoint now = services.clock.now();
  CallRecord& record = trail.record;
  HttpResponse response;
  const bool asks = operation.credentials == Credentials::kToken && !outside.has_value();
  Opened opened = open_request(services, request, found, now, asks, trail);
  {
    storage::sql::Txn txn = begin_call(services, operation, asks, opened);
    const Caller& caller = opened.who.caller;
    ApiRequest asked{
        {services, txn, request, caller, {caller.account, opened.who.region}, now, trail.note},
        services,
        *opened.input,
        operation.action,
        std::move(outside),
        std::move(opened.decoded)};
    std::any subject;
    const std::vector<Target> targets = resolve(asked, operation, subject);
    // Noted before the decision: the record of a denied call names its resources, too.
    note_resources(targets, record);
    authorize(asked, targets);
    Json output;
    operation.code.handle(asked, subject, output);
    record.output = std::make_shared<const Json>(std::move(output));
    if (asked.identified) record.identity = asked.identified;
    // The answer is encoded after the commit: it must not be seen where the commit fails.
    txn.commit();
    response = encode_output(*record.output, found, request);
  }
  return response;
}

// CloudTrail records every call with an authenticated caller, successes and failures alike.
void add_record(const Services& services, const HttpRequest& request, const MatchedOperation& found,
                CallRecord record) {
  if (!record.identity) return;
  record.service = found.api->signing_name;
  record.operation = found.model->name;
  record.input_shape = found.model->input;
  record.output_shape = found.model->output;
  describe_request(record, request);
  services.events.add(std::move(record));
}

// What AWS's sentence does not say, and whoever runs the server wants to know.
void add_to_log(const std::string& more, LogNote& note) {
  if (!more.empty()) note.error += " (" + more + ")";
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

// The SDKs for JavaScript and others send the hash with every request; the AWS CLI does not.
Introduction ControlPlane::identify(const HttpRequest& head) const {
  const std::string_view hash = head.headers.get("x-amz-content-sha256");
  if (!head.headers.find("x-amz-target") || hash.size() != 64 || !base::from_hex(hash)) {
    return false;
  }
  MatchedOperation found;
  try {
    find_operation(apis_, head, found);
    storage::sql::Txn txn = services_.store.database().begin(storage::sql::Access::kRead);
    authenticate(services_, txn, head, *found.api, services_.clock.now(), hash);
    return true;
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    const std::string more = note_failure(services_, head, error);
    HttpResponse response = encode_error(error, found, head);
    add_to_log(more, response.note);
    return response;
  }
}

std::uint64_t ControlPlane::body_limit(const HttpRequest& head) const {
  if (!head.headers.find("x-amz-target")) return kBodyLimit;
  try {
    MatchedOperation found;
    find_operation(apis_, head, found);
    return found.operation->body_limit;
  } catch (const ApiError&) {  // the request will be refused for it
    return kBodyLimit;
  }
}

HttpResponse ControlPlane::handle(const HttpRequest& request) const {
  return answer(request, [] { return std::any(); });
}

// `outside` is called first.
HttpResponse ControlPlane::answer(const HttpRequest& request,
                                  const std::function<std::any()>& outside) const {
  MatchedOperation found;
  Trail trail;
  HttpResponse response;
  try {
    find_operation(apis_, request, found);
    trail.note.action = base::format("{}:{}", found.api->signing_name, found.operation->name);
    response = run(services_, request, found, trail, outside());
    trail.note.error = std::move(response.note.error) + trail.note.error;
  } catch (OutsideWork& work) {
    // No answer yet, and no record: the request begins anew once the other server was asked.
    response.later = [this, &request, ask = std::move(work.run)] { return answer(request, ask); };
    return response;
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    const std::string more = note_failure(services_, request, error);
    response = encode_error(error, found, request);
    add_to_log(
        error.code() == ErrorCode::kRepositoryNotFound ? "region " + trail.record.region : more,
        response.note);
    trail.record.error_code = response.note.error_type;
    trail.record.error_message = response.note.error_message;
    trail.note.fail_as(std::move(response.note));
  }
  // Also for a call that failed: the credentials were used.
  if (trail.note_use) trail.note_use();
  add_record(services_, request, found, std::move(trail.record));
  response.note = std::move(trail.note);
  return response;
}

}  // namespace ecr::api
