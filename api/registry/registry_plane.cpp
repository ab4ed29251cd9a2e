#include "api/registry/registry_plane.h"

#include "api/core/outside_work.h"
#include "api/core/wire/error.h"
#include "api/core/wire/failure.h"
#include "api/images/pulls.h"
#include "api/registry/call_records.h"
#include "api/registry/handlers.h"
#include "api/registry/layer_url.h"
#include "storage/collector.h"
#include "storage/rows/images.h"

namespace ecr::api::registry {
namespace {

using storage::sql::Access;

bool reads(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Route require_route(const HttpRequest& request) {
  auto route = parse_route(request.path());
  if (!route) throw ApiError(ErrorCode::kNotFound, "There is nothing at this path");
  return std::move(*route);
}

std::string_view methods_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::kManifest:
      return "GET, HEAD, PUT, DELETE";
    case RouteKind::kBlob:
      return "GET, HEAD, DELETE";
    case RouteKind::kUploads:
      return "POST";
    case RouteKind::kUpload:
      return "GET, HEAD, PATCH, PUT, DELETE";
    case RouteKind::kBase:
    case RouteKind::kTags:
    case RouteKind::kReferrers:
    case RouteKind::kCatalog:
      break;
  }
  return "GET, HEAD";
}

[[noreturn]] void refuse_method(const Route& route) {
  throw ApiError(ErrorCode::kUnsupported, "The operation is unsupported")
      .with_header("Allow", std::string(methods_of(route.kind)));
}

Access access_of(const Route& route, const HttpRequest& request) {
  const bool writes = (route.kind == RouteKind::kManifest || route.kind == RouteKind::kBlob ||
                       route.kind == RouteKind::kUpload) &&
                      !reads(request);
  return writes ? Access::kWrite : Access::kRead;
}

HttpResponse base_response(const Caller& caller, LogNote& note) {
  note.principal = caller.principal.arn;
  return text_response(200, "application/json", "{}");
}

// The exact method and route, or nothing: whatever is not listed is refused.
HttpResponse dispatch(Session& session, LogNote& note, AfterCommit& after) {
  const std::string& method = session.request.method;
  const bool get = reads(session.request);
  switch (session.route.kind) {
    case RouteKind::kBase:
      if (!get) break;
      return base_response(session.caller, note);
    case RouteKind::kManifest:
      if (get) return get_manifest(session, note, after);
      if (method == "PUT") return put_manifest(session, note);
      if (method == "DELETE") return delete_manifest(session, note);
      break;
    case RouteKind::kBlob:
      if (get) return get_blob(session, note);
      if (method == "DELETE") return delete_blob(session, note);
      break;
    case RouteKind::kTags:
      if (get) return list_tags(session, note);
      break;
    case RouteKind::kReferrers:
      if (get) return list_referrers(session, note);
      break;
    case RouteKind::kCatalog:
      if (get) return list_repositories(session, note);
      break;
    case RouteKind::kUpload:
      if (get) return upload_status(session, note);
      if (method == "DELETE") return cancel_upload(session, note, after);
      break;
    case RouteKind::kUploads:
      break;
  }
  refuse_method(session.route);
}

// HEAD answers as GET does, without the body.
void drop_body(HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    if (!response.head_length) response.head_length = text->size();
    response.body = std::string();
  } else if (const auto* slice = std::get_if<FileSlice>(&response.body)) {
    response.head_length = slice->length;
    response.body = std::string();
  }
}

void finish(const HttpRequest& request, HttpResponse& response) {
  response.set("Docker-Distribution-Api-Version", "registry/2.0");
  if (request.method == "HEAD") drop_body(response);
}

bool is_base_read(const HttpRequest& head) {
  return reads(head) && (head.path() == "/v2/" || head.path() == "/v2");
}

// What clients ask for most. Nothing of it may wait: for a lock that is held long, or for a
// network.
bool is_quick(const HttpRequest& head, const Route& route) {
  return (route.kind == RouteKind::kManifest && reads(head)) ||
         (route.kind == RouteKind::kBlob && head.method == "HEAD");
}

bool notes_a_pull(Session& session) {
  const auto& repository = session.find_repository();
  if (!repository) return false;
  const std::string& reference = session.route.reference;
  const bool by_digest = reference.find(':') != std::string::npos;
  const auto digest = by_digest ? std::optional(reference)
                                : storage::find_tag(session.txn, repository->id, reference);
  if (!digest) return false;
  const auto& image = session.find_image(*digest);
  return image && pull_is_due(*image, session.now);
}

// HEAD of a blob: that somebody is told of it has to be noted.
bool notes_a_claim(Session& session) {
  const auto& repository = session.find_repository();
  return repository && storage::claim_would_write(session.services.store, session.txn,
                                                  repository->id, session.route.reference,
                                                  session.now, session.services.settings.gc_grace);
}

// nullopt: it would write, which is a worker's to do.
std::optional<HttpResponse> read_in(Session& session, LogNote& note) {
  const bool pull = session.route.kind == RouteKind::kManifest && session.request.method == "GET";
  if (pull && notes_a_pull(session)) return std::nullopt;
  if (session.route.kind == RouteKind::kBlob && notes_a_claim(session)) return std::nullopt;
  AfterCommit after;
  return dispatch(session, note, after);
}

// The same for a request of which nothing is known yet.
std::optional<HttpResponse> read_quickly(const Services& services, ReadCache& cache,
                                         const HttpRequest& request, const Route& route,
                                         LogNote& note) {
  const base::TimePoint now = services.clock.now();
  const Credentials credentials = read_credentials(services, request, now);
  storage::sql::Database& database = services.store.database();
  const std::uint64_t version = database.version();
  const auto caller = cache.find_caller(credentials.claims.access_key_id, version);
  const auto repository =
      cache.find_repository(credentials.account, credentials.region, route.name, version);
  storage::sql::Txn txn = database.begin(Access::kRead);
  if (caller && caller->caller.account == credentials.claims.account) {
    Session session(services, txn, request, credentials, route, now, *caller);
    if (repository) session.know_repository(*repository);
    auto response = read_in(session, note);
    if (!repository && session.find_repository()) cache.put(*session.find_repository(), version);
    return response;
  }
  Session session(services, txn, request, credentials, route, now);
  cache.put(session.caller, version);
  return read_in(session, note);
}

// The end of every request whose answer is there.
void complete(const Services& services, const HttpRequest& request, LogNote note,
              HttpResponse& response) {
  response.note = std::move(note);
  record_calls(services, request, response);
  finish(request, response);
}

std::optional<HttpResponse> answer_quickly(const Services& services, ReadCache& cache,
                                           const HttpRequest& request) {
  const auto route = parse_route(request.path());
  if (!route || !is_quick(request, *route)) return std::nullopt;
  LogNote note;
  HttpResponse response;
  try {
    auto read = read_quickly(services, cache, request, *route, note);
    if (!read) return std::nullopt;
    response = std::move(*read);
  } catch (const OutsideWork&) {
    return std::nullopt;
  } catch (...) {
    response = error_response(to_api_error(std::current_exception()), request);
    note.fail_as(std::move(response.note));
  }
  complete(services, request, std::move(note), response);
  return response;
}

}  // namespace

bool RegistryPlane::is_streamed(const HttpRequest& head) {
  if (head.method != "POST" && head.method != "PATCH" && head.method != "PUT") return false;
  const auto route = parse_route(head.path());
  return route && (route->kind == RouteKind::kUploads || route->kind == RouteKind::kUpload);
}

std::optional<HttpResponse> RegistryPlane::answer_without_blocking(const HttpRequest& head) const {
  HttpResponse response;
  if (!head.headers.find("authorization")) {
    response = challenge(head);
  } else {
    if (!is_base_read(head)) return answer_quickly(services_, cache_, head);
    try {
      const Credentials credentials = read_credentials(services_, head, services_.clock.now());
      const auto caller = cache_.find_caller(credentials.claims.access_key_id,
                                             services_.store.database().version());
      if (!caller || caller->caller.account != credentials.claims.account) return std::nullopt;
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

HttpResponse RegistryPlane::run(const HttpRequest& request, LogNote& note, std::any outside) const {
  const Route route = require_route(request);
  const base::TimePoint now = services_.clock.now();
  const Credentials credentials = read_credentials(services_, request, now);
  storage::sql::Database& database = services_.store.database();
  const std::uint64_t version = database.version();
  AfterCommit after;
  HttpResponse response;
  {
    storage::sql::Txn txn = database.begin(access_of(route, request));
    Session session(services_, txn, request, credentials, route, now);
    session.outside = std::move(outside);
    if (route.kind == RouteKind::kBase) cache_.put(session.caller, version);
    response = dispatch(session, note, after);
    txn.commit();
  }
  for (const auto& action : after) action();
  return response;
}

HttpResponse RegistryPlane::download(const HttpRequest& request) const {
  HttpResponse response = serve_layer(services_, request);
  if (request.method == "HEAD") drop_body(response);
  return response;
}

HttpResponse RegistryPlane::handle(const HttpRequest& request) const {
  return answer(request, {}, [] { return std::any(); });
}

// `outside` is called first.
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
    const HttpRequest& head) const {
  LogNote note;
  UploadStart start;
  try {
    const Route route = require_route(head);
    const Credentials credentials = read_credentials(services_, head, services_.clock.now());
    const bool creates = route.kind == RouteKind::kUploads;
    if (creates != (head.method == "POST")) refuse_method(route);
    start = creates ? start_upload(services_, head, credentials, route, note)
                    : continue_upload(services_, head, credentials, route, note);
  } catch (...) {
    HttpResponse response = error_response(to_api_error(std::current_exception()), head);
    note.fail_as(std::move(response.note));
    start = std::move(response);
  }
  if (auto* response = std::get_if<HttpResponse>(&start)) {
    response->note = std::move(note);
    record_calls(services_, head, *response);
    finish(head, *response);
    return start;
  }
  auto& sink = std::get<std::unique_ptr<BodySink>>(start);
  return std::make_unique<RecordingSink>(services_, head, std::move(note), std::move(sink));
}

}  // namespace ecr::api::registry
