#include "api/registry/registry_plane.h"

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "api/images/images.h"
#include "api/registry/calls.h"
#include "api/registry/handlers.h"
#include "api/registry/layer_download.h"
#include "api/registry/route_table.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/collector.h"
#include "storage/rows/images.h"

namespace ecr::api::registry {
namespace {

using storage::sql::Access;

// A path that is no route is 404 whatever the credentials are; a request without any was answered
// 401 before it came here.
Route require_route(const HttpRequest& request) {
  auto route = parse_route(request.path());
  if (!route) throw ApiError(ErrorCode::kNotFound, "There is nothing at this path");
  return std::move(*route);
}

// The route comes before the credentials: a path that is none needs none.
RequestHead read_head(const Services& services, const HttpRequest& http, base::TimePoint now) {
  Route route = require_route(http);
  return {services, http, read_credentials(services, http, now), std::move(route)};
}

HttpResponse base_response(const Caller& caller, LogNote& note) {
  note.principal = caller.principal.arn;
  return text_response(200, "application/json", "{}");
}

// 405 names the methods that the route has (RFC 9110, section 15.5.6; test
// AMethodThatIsNoneSaysWhichAre).
[[noreturn]] void refuse_method(const Route& route) {
  throw ApiError(ErrorCode::kUnsupported, "The operation is unsupported")
      .with_header("Allow", allowed_methods(route.kind));
}

// A method that the route does not have is refused after the caller was authenticated, so it begins
// a transaction too.
Access access_of(const Route& route, const HttpRequest& request) {
  const RouteRow* row = find_row(route.kind, request.method);
  return row == nullptr ? Access::kRead : row->access;
}

HttpResponse dispatch(RegistryRequest& request) {
  const RouteRow* row = find_row(request.route.kind, request.http.method);
  if (row == nullptr || row->handle == nullptr) refuse_method(request.route);
  return row->handle(request);
}

// Clients begin with GET /v2/: `docker login`, and every push and pull.
bool is_base_read(const HttpRequest& head) {
  return (head.method == "GET" || head.method == "HEAD") &&
         (head.path() == "/v2/" || head.path() == "/v2");
}

// Whether the time of this pull has to be written down.
bool notes_a_pull(RegistryRequest& request) {
  const auto& repository = request.find_repository();
  if (!repository) return false;
  const std::string& reference = request.route.reference;
  const bool by_digest = reference.find(':') != std::string::npos;
  const auto digest = by_digest ? model::Digest::parse(reference)
                                : storage::find_tag(request.txn, repository->id, reference);
  if (!digest) return false;
  const auto& image = request.find_image(*digest);
  return image && pull_is_due(*image, request.now);
}

// HEAD of a blob: a client that is told that the blob is there relies on it, so the collector's
// grace for it may have to be written down.
bool notes_a_claim(RegistryRequest& request) {
  const auto& repository = request.find_repository();
  const auto digest = model::Digest::parse(request.route.reference);
  return repository && digest &&
         storage::claim_would_write(request.core.store, request.txn, repository->id, *digest,
                                    request.now, request.core.settings.gc_grace);
}

// nullopt: the request would write, and writes belong on a worker.
std::optional<HttpResponse> read_in(RegistryRequest& request) {
  const bool pull = request.route.kind == RouteKind::kManifest && request.http.method == "GET";
  if (pull && notes_a_pull(request)) return std::nullopt;
  if (request.route.kind == RouteKind::kBlob && notes_a_claim(request)) return std::nullopt;
  return dispatch(request);
}

// The same with the credentials read and the request built. The version is read before the rows:
// what is remembered is never newer than it says.
std::optional<HttpResponse> read_quickly(const Services& services, ReadMemo& memo,
                                         const HttpRequest& http, const Route& route,
                                         LogNote& note) {
  const base::TimePoint now = services.clock.now();
  const RequestHead head{services, http, read_credentials(services, http, now), route};
  const auth::RegistryTokenClaims& claims = head.credentials.claims;
  storage::sql::Database& database = services.store.database();
  const std::uint64_t version = database.version();
  const std::string_view partition = model::partition_of(claims.region);
  auto caller = memo.find_caller(claims.access_key_id, partition, version);
  if (caller && caller->caller.account != claims.account) caller = nullptr;
  const auto repository =
      route.name ? memo.find_repository(head.credentials.registry, *route.name, version) : nullptr;
  storage::sql::Txn txn = database.begin(Access::kRead);
  if (!caller) {
    caller = require_caller(head, txn);
    memo.put(caller, partition, version);
  }
  RegistryRequest request(head, txn, *caller, now, note);
  request.most_steps = auth::iam::kQuickEvaluationSteps;
  if (repository) request.know_repository(*repository);
  auto response = read_in(request);
  if (!repository && request.find_repository()) memo.put(*request.find_repository(), version);
  return response;
}

// The end of every request that has its answer.
void complete(const Services& services, const HttpRequest& request, LogNote note,
              HttpResponse& response) {
  record_calls(services, request, note);
  // ECR's sentence names the account alone (integration/test_command_line.py,
  // test_a_missing_repository_is_logged_with_its_region).
  if (note.error_type == "RepositoryNotFoundException") {
    note.error += base::format(" (region {})", note.registry.region);
  }
  response.note = std::move(note);
  finish(request, response);
}

std::optional<HttpResponse> answer_quickly(const Services& services, ReadMemo& memo,
                                           const HttpRequest& request) {
  const auto route = parse_route(request.path());
  const RouteRow* const row = route ? find_row(route->kind, request.method) : nullptr;
  if (row == nullptr || !row->quick) return std::nullopt;
  LogNote note;
  HttpResponse response;
  try {
    auto read = read_quickly(services, memo, request, *route, note);
    if (!read) return std::nullopt;
    response = std::move(*read);
  } catch (const OutsideWork&) {  // a worker asks the upstream
    return std::nullopt;
  } catch (const DecisionTakesLonger&) {  // its policies are costly: a worker decides
    return std::nullopt;
  } catch (...) {
    response = error_response(to_api_error(std::current_exception()), request);
    note.fail_as(std::move(response.note));
  }
  complete(services, request, std::move(note), response);
  return response;
}

}  // namespace

// /v2/ asks for no permission, only for a valid token.
HttpResponse get_base(RegistryRequest& request) {
  return base_response(request.caller, request.note);
}

std::optional<HttpResponse> RegistryPlane::answer_without_blocking(const HttpRequest& head) const {
  HttpResponse response;
  // Many clients (oras, helm) send every request without credentials first: this answer must be
  // cheap (test WithoutCredentialsEveryRouteIsChallenged).
  if (!head.headers.find("authorization")) {
    response = challenge(head);
  } else {
    if (!is_base_read(head)) return answer_quickly(services_, memo_, head);
    try {
      const Credentials credentials = read_credentials(services_, head, services_.clock.now());
      const auth::RegistryTokenClaims& claims = credentials.claims;
      const auto caller =
          memo_.find_caller(claims.access_key_id, model::partition_of(claims.region),
                            services_.store.database().version());
      if (!caller || caller->caller.account != claims.account) return std::nullopt;
      LogNote note;
      response = base_response(caller->caller, note);
      response.note = std::move(note);
    } catch (const ApiError& error) {
      response = error_response(error, head);
    }
  }
  finish(head, response);
  return response;
}

HttpResponse RegistryPlane::run(const HttpRequest& http, LogNote& note, std::any outside) const {
  const base::TimePoint now = services_.clock.now();
  const RequestHead head = read_head(services_, http, now);
  const Route& route = head.route;
  note.calls.clear();  // of the run that had to ask another server first
  const RouteRow* const row = find_row(route.kind, http.method);
  std::any decoded;
  if (row != nullptr && row->decode != nullptr) decoded = row->decode(http, route);
  storage::sql::Database& database = services_.store.database();
  const std::uint64_t version = database.version();
  HttpResponse response;
  {
    storage::sql::Txn txn = database.begin(access_of(route, http));
    const auto caller = require_caller(head, txn);
    RegistryRequest request(head, txn, *caller, now, note);
    request.outside = std::move(outside);
    request.decoded = std::move(decoded);
    // From here on GET /v2/ of this caller is answered on the io thread, until the next write.
    if (route.kind == RouteKind::kBase) {
      memo_.put(caller, model::partition_of(head.credentials.claims.region), version);
    }
    response = dispatch(request);
    txn.commit();
  }
  return response;
}

Introduction RegistryPlane::identify(const HttpRequest& http) const {
  try {
    const RequestHead head = read_head(services_, http, services_.clock.now());
    storage::sql::Txn txn = services_.store.database().begin(Access::kRead);
    require_caller(head, txn);
    return true;
  } catch (...) {
    HttpResponse response = error_response(to_api_error(std::current_exception()), http);
    finish(http, response);
    return response;
  }
}

HttpResponse RegistryPlane::download(const HttpRequest& request) const {
  const RouteRow* const row = find_row(RouteKind::kLayer, request.method);
  HttpResponse response =
      row != nullptr ? row->serve(services_, request) : refuse_layer_method(request);
  if (request.method == "HEAD") drop_body(response);
  return response;
}

HttpResponse RegistryPlane::handle(const HttpRequest& request) const {
  return answer(request, {}, [] { return std::any(); });
}

// `outside` is called first; its result is handed to the request. A handler that needs an upstream
// throws OutsideWork: the transaction is given up, and the answer's `later` asks the upstream and
// begins anew, on a thread that may wait.
HttpResponse RegistryPlane::answer(const HttpRequest& request, LogNote note,
                                   const Outside& outside) const {
  HttpResponse response;
  try {
    response = run(request, note, outside());
  } catch (OutsideWork& work) {
    response.later = [this, &request, note = std::move(note), ask = std::move(work.run)] {
      return answer(request, note, ask);
    };
    return response;
  } catch (...) {
    response = error_response(to_api_error(std::current_exception()), request);
    note.fail_as(std::move(response.note));
  }
  complete(services_, request, std::move(note), response);
  return response;
}

std::variant<HttpResponse, std::unique_ptr<BodySink>> RegistryPlane::open(
    const HttpRequest& http) const {
  LogNote note;
  UploadStart start;
  try {
    const RequestHead head = read_head(services_, http, services_.clock.now());
    const RouteRow* const row = find_row(head.route.kind, http.method);
    if (row == nullptr || row->open == nullptr) refuse_method(head.route);
    start = row->open(head, note);
  } catch (...) {
    HttpResponse response = error_response(to_api_error(std::current_exception()), http);
    note.fail_as(std::move(response.note));
    start = std::move(response);
  }
  if (auto* response = std::get_if<HttpResponse>(&start)) {
    complete(services_, http, std::move(note), *response);
  }
  return start;
}

}  // namespace ecr::api::registry
