#include "api/admin/admin_plane.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/clock_routes.h"
#include "api/admin/decision_routes.h"
#include "api/admin/event_routes.h"
#include "api/admin/gc_routes.h"
#include "api/admin/job_routes.h"
#include "api/admin/query_parameters.h"
#include "api/admin/refusal.h"
#include "api/admin/seed/seed.h"
#include "api/admin/snapshot.h"
#include "api/core/wire/failure.h"
#include "api/images/signing/signing_jobs.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::admin {
namespace {

constexpr std::string_view kSnapshotPath = "/_ecr-local/snapshot";

HttpResponse json_response(int status, const Json& json) {
  return text_response(status, "application/json", base::dump(json) + "\n");
}

HttpResponse error_response(int status, std::string_view message) {
  HttpResponse response = json_response(status, {{"message", std::string(message)}});
  response.note.error = message;
  return response;
}

bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// DNS rebinding makes a browser send requests here under a name of the attacker's.
bool is_our_host(const Settings& settings, std::string_view host) {
  const std::string name = base::to_lower(base::without_port(host));
  if (name == "localhost" || name.ends_with(".localhost") || is_address(name)) return true;
  return std::find(settings.admin_hosts.begin(), settings.admin_hosts.end(), name) !=
         settings.admin_hosts.end();
}

bool is_same_origin(const HttpRequest& request) {
  const std::string_view site = request.headers.get("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  const auto origin = request.headers.find("origin");
  if (!origin) return true;
  const std::string scheme = request.secure ? "https://" : "http://";
  return *origin == scheme + std::string(request.host());
}

bool is_loopback(std::string_view peer) { return peer.starts_with("127.") || peer == "::1"; }

bool has_admin_token(const Settings& settings, const HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = request.headers.get("authorization");
  return header.starts_with(kScheme) &&
         model::constant_time_equal(header.substr(kScheme.size()), settings.admin_token);
}

// {"ecr": {"done": n, "total": n, "operations": {"PutImage": true, ...}}, ...}
Json coverage(const ControlPlane& control) {
  Json services = Json::object();
  for (const ServiceApi& api : control.apis()) {
    Json operations = Json::object();
    for (const auto& [name, model] : api.model().operations()) {
      operations[name] = api.find(name) != nullptr;
    }
    services[std::string(api.signing_name)] = {
        {"done", api.operations.size()}, {"total", operations.size()}, {"operations", operations}};
  }
  return services;
}

// `failure`: why nothing is written any more; empty: all is well.
Json health(const Services& services, std::chrono::milliseconds uptime,
            const std::string& failure) {
  const char* const state = failure.empty() ? "ready" : "read-only";
  Json json = {{"name", "ecr-local"},
               {"version", services.settings.version},
               {"status", state},
               {"account", services.settings.account},
               {"region", services.settings.region},
               {"registryHost", services.settings.registry_host},
               {"uptimeSeconds", static_cast<double>(uptime.count()) / 1000},
               {"subsystems",
                {{"storage", state},
                 {"ecr", "ready"},
                 {"registry", "ready"},
                 {"iam", "ready"},
                 {"sts", "ready"}}}};
  if (!failure.empty()) json["reason"] = failure + "; nothing is written until a restart";
  return json;
}

// What a verifier has to trust.
HttpResponse signing_certificate(const Services& services) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  auto certificate = signing::signing_certificate(txn);
  if (!certificate) return error_response(404, "No image was signed yet");
  return text_response(200, "application/x-pem-file", std::move(*certificate));
}

}  // namespace

HttpResponse refuse_stranger() {
  return error_response(403,
                        "This needs the admin token (Authorization: Bearer ...), or a client on "
                        "this machine where none is set");
}

AdminPlane::AdminPlane(const Services& services, const ControlPlane& control,
                       base::MovableClock& clock, JobRunner& jobs, Baseline& baseline)
    : services_(services),
      control_(control),
      clock_(clock),
      jobs_(jobs),
      baseline_(baseline),
      started_(services.machine_clock.now()) {}

bool may_administer(const Settings& settings, const HttpRequest& request) {
  if (!is_our_host(settings, request.host()) || !is_same_origin(request)) return false;
  if (!settings.admin_token.empty()) return has_admin_token(settings, request);
  return is_loopback(request.peer);
}

bool AdminPlane::is_streamed(const HttpRequest& head) {
  return head.path() == kSnapshotPath && (head.method == "PUT" || head.method == "POST");
}

std::variant<HttpResponse, std::unique_ptr<BodySink>> AdminPlane::open(
    const HttpRequest& head) const {
  if (!may_administer(services_.settings, head)) return refuse_stranger();
  return restore_snapshot(services_);
}

HttpResponse AdminPlane::handle(const HttpRequest& request) const {
  HttpResponse response = answer(request);
  if (request.method != "HEAD") return response;
  const auto* body = std::get_if<std::string>(&response.body);
  if (body != nullptr) response.head_length = body->size();
  response.body = std::string();
  return response;
}

HttpResponse AdminPlane::answer(const HttpRequest& request) const {
  const std::string_view path = request.path();
  const bool get = request.method == "GET" || request.method == "HEAD";
  try {
    if (path == "/_ecr-local/health" && get) {
      const std::string failure = services_.store.sync_failures().first();
      const auto uptime = services_.machine_clock.now() - started_;
      return json_response(failure.empty() ? 200 : 503, health(services_, uptime, failure));
    }
    if (!may_administer(services_.settings, request)) {
      return refuse_stranger();
    }
    if (path == "/_ecr-local/coverage" && get) return json_response(200, coverage(control_));
    if (path == "/_ecr-local/seed" && request.method == "POST") {
      apply_seed(services_, request.body);
      return json_response(200, {{"status", "applied"}});
    }
    if (path == "/_ecr-local/clock") return answer_clock(services_, clock_, request);
    if (path == "/_ecr-local/signing-certificate" && get) return signing_certificate(services_);
    if (path == "/_ecr-local/jobs" && get) return answer_jobs(services_, request);
    if (path == "/_ecr-local/jobs/run" && request.method == "POST") {
      return answer_run_jobs(jobs_, request);
    }
    if (path == "/_ecr-local/gc" && request.method == "POST") {
      return answer_gc(services_, request);
    }
    if (path == "/_ecr-local/reset" && request.method == "POST") {
      baseline_.reset();
      jobs_.schedule_periodic();  // their rows went with all the others
      return json_response(200, {{"status", "reset"}});
    }
    if (path == kSnapshotPath && request.method == "GET") return save_snapshot(services_);
    if (path == "/_ecr-local/events" && request.method == "GET") {
      return answer_events(services_, request);
    }
    if (path == "/_ecr-local/decisions" && request.method == "GET") {
      return answer_decisions(services_, request);
    }
    if (path == "/_ecr-local/decisions/policy" && request.method == "GET") {
      return answer_decision_policy(services_, request);
    }
    return error_response(404, "There is nothing at this path");
  } catch (const SeedError& error) {
    return error_response(400, error.what());
  } catch (const QueryError& error) {
    return error_response(400, error.what());
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    return error_response(names_of(error.code()).json_status, error.message());
  }
}

}  // namespace ecr::api::admin
