#include "api/core/dispatch/control_plane.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/access/gate.h"
#include "api/core/access/identity.h"
#include "api/core/access/operation.h"
#include "api/core/dispatch/operation_codec.h"
#include "api/core/wire/error.h"
#include "api/core/work/call_record.h"
#include "api/core/work/event_log.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

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

// The region that the host name stands for ("api.ecr.eu-west-1.amazonaws.com"); the signature must
// be for that one. Any other name serves every region.
std::optional<std::string_view> region_of_host(std::string_view host) {
  constexpr std::string_view kPrefix = "api.ecr.";
  if (!base::equals_ignore_case(host.substr(0, kPrefix.size()), kPrefix)) return std::nullopt;
  const std::string_view rest = host.substr(kPrefix.size());
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return rest.substr(0, dot);
}

struct Authenticated {
  Caller caller;
  std::string region;
};

ApiError unknown_caller() {
  return {ErrorCode::kUnrecognizedClient, "The security token included in the request is invalid."};
}

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
    // IAM and STS (Query) say "Request is missing Authentication Token", ECR "Missing
    // Authentication Token".
    throw ApiError(code_of(verified.error().kind), missing && api.protocol == Protocol::kQuery
                                                       ? "Request is missing Authentication Token"
                                                       : verified.error().message);
  }
  auto caller = find_caller(services, txn, verified->access_key_id);
  // The signature is right and the principal is gone: the role of a session was deleted, for
  // example.
  if (!caller) throw unknown_caller();
  return {std::move(*caller), verified->region};
}

std::vector<Target> resolve(const Call& call, const Operation& operation) {
  std::vector<Target> targets = operation.resources(call);
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
  std::any prepared;
  std::any decoded;
  std::optional<storage::sql::Txn> txn;  // in which the caller was authenticated, if it goes on
  std::uint64_t version = 0;             // of the database, before that
};

void note_caller(const Services& services, const MatchedOperation& found, const Authenticated& who,
                 base::TimePoint now, LogNote& note, CallRecord& record,
                 std::function<void()>& note_use) {
  note.principal = who.caller.principal.arn;
  record.identity = std::make_shared<const CallIdentity>(make_call_identity(who.caller));
  record.region = who.region;
  record.time = now;
  note_use = note_of_use(services, who.caller, found.api->signing_name, who.region, now);
  check_session_limits(who.caller, found.api->signing_name, found.operation->name);
}

// The signature is verified before the input is validated: AWS answers a bad one before it says
// anything about the parameters. Only operations without signature are decoded first, because
// `prepare` needs their input. All of this is in proportion to the body, which clients make large:
// none of it happens while the writer is held.
Opened open_request(const Services& services, const HttpRequest& request,
                    const MatchedOperation& found, base::TimePoint now, LogNote& note,
                    CallRecord& record, std::function<void()>& note_use) {
  const Operation& operation = *found.operation;
  Opened opened;
  const auto read_input = [&] {
    opened.input = std::make_shared<const Json>(decode_input(request, found));
    record.input = opened.input;
  };
  if (operation.prepare != nullptr) {
    read_input();
    opened.prepared = operation.prepare(services, *opened.input);
    opened.who = {anonymous_caller(), services.settings.region};
    note_caller(services, found, opened.who, now, note, record, note_use);
    return opened;
  }
  opened.version = services.store.database().version();
  opened.txn.emplace(services.store.database().begin(Access::kRead));
  opened.who = authenticate(services, *opened.txn, request, *found.api, now);
  const bool goes_on = operation.access == Access::kRead && request.body.size() <= kSmallBody;
  if (!goes_on) opened.txn.reset();
  note_caller(services, found, opened.who, now, note, record, note_use);
  read_input();
  if (operation.decode != nullptr) opened.decoded = operation.decode(*opened.input);
  return opened;
}

// The transaction of the call itself, and the caller as it is in that: its key may have been
// deleted since it was authenticated.
storage::sql::Txn begin_call(const Services& services, const Operation& operation, Opened& opened) {
  if (opened.txn) return std::move(*opened.txn);
  storage::sql::Database& database = services.store.database();
  storage::sql::Txn txn = database.begin(operation.access);
  const bool is_signed = operation.prepare == nullptr;
  if (!is_signed || database.version() == opened.version) return txn;
  auto caller = find_caller(services, txn, opened.who.caller.access_key_id);
  if (!caller) throw unknown_caller();
  opened.who.caller = std::move(*caller);
  return txn;
}

// The steps of a request, in order; what any of them throws rolls everything back. `outside`: the
// result of an OutsideWork of an earlier run; empty: there was none.
HttpResponse run(const Services& services, const HttpRequest& request,
                 const MatchedOperation& found, LogNote& note, CallRecord& record,
                 std::function<void()>& note_use, std::any outside) {
  const Operation& operation = *found.operation;
  note.action = base::format("{}:{}", found.api->signing_name, operation.name);
  const base::TimePoint now = services.clock.now();
  std::vector<std::function<void()>> after_commit;
  HttpResponse response;
  Opened opened = open_request(services, request, found, now, note, record, note_use);
  if (outside.has_value()) opened.prepared = std::move(outside);
  {
    storage::sql::Txn txn = begin_call(services, operation, opened);
    const Authenticated& who = opened.who;
    Call call{services,
              txn,
              request,
              who.caller,
              who.region,
              now,
              *opened.input,
              std::move(opened.prepared),
              {},
              operation.action,
              nullptr,
              std::move(opened.decoded)};
    const std::vector<Target> targets = resolve(call, operation);
    // Noted before the decision: the record of a denied call names its resources, too.
    note_resources(targets, record);
    authorize(services, who.caller, {txn, request, who.region, now}, targets, note);
    record.output = std::make_shared<const Json>(operation.handle(call));
    if (call.identified) record.identity = call.identified;
    // The answer is encoded after the commit: it must not be seen where the commit fails.
    txn.commit();
    after_commit = std::move(call.after_commit);
    response = encode_output(*record.output, found, request);
  }
  // Outside of the transaction: these may open one of their own.
  for (const auto& action : after_commit) action();
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
  MatchedOperation found;
  LogNote note;
  CallRecord record;
  HttpResponse response;
  std::function<void()> note_use;
  try {
    find_operation(apis_, request, found);
    response = run(services_, request, found, note, record, note_use, outside());
    note.error = std::move(response.note.error) + note.error;
  } catch (OutsideWork& work) {
    // No answer yet, and no record: the request begins anew once the other server was asked.
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
  // Also for a call that failed: the credentials were used.
  if (note_use) note_use();
  add_record(services_, request, found, std::move(record));
  response.note = std::move(note);
  return response;
}

}  // namespace ecr::api
