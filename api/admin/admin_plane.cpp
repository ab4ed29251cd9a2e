#include "api/admin/admin_plane.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/clock_routes.h"
#include "api/admin/decision_routes.h"
#include "api/admin/event_routes.h"
#include "api/admin/maintenance_routes.h"
#include "api/admin/seed/seed.h"
#include "api/admin/snapshot.h"
#include "api/core/access/origin.h"
#include "api/core/wire/error.h"
#include "api/images/push/signing.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::admin {
namespace {

constexpr std::string_view kSnapshotPath = "/_ecr-local/snapshot";

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

// Compared in constant time, so that the time of a refusal does not show how much of a guess is
// right.
bool has_admin_token(const Settings& settings, const HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = request.headers.get("authorization");
  return header.starts_with(kScheme) &&
         model::constant_time_equal(header.substr(kScheme.size()), settings.admin_token);
}

// {"ecr": {"done": n, "total": n, "operations": {"PutImage": true, ...}}, ...}
// The operations of AWS's own models, and which of them have a handler here.
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

// `failure`: the reason why storage refuses writes since a failed fsync; empty: it does not. The
// server stays up and answers reads, but reports 503, so that an orchestrator restarts it.
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

// The certificate that a verifier of image signatures has to trust.
HttpResponse signing_certificate(const Services& services) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  auto certificate = signing::signing_certificate(txn);
  if (!certificate) return error_response(404, "No image was signed yet");
  return text_response(200, "application/x-pem-file", std::move(*certificate));
}

bool is_read(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

HttpResponse refuse_administration() {
  return error_response(403,
                        "This needs the admin token (Authorization: Bearer ...), or a client on "
                        "this machine, not behind a proxy, where none is set");
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
  if (!is_own_host(settings, request.host())) return false;
  if (!settings.admin_token.empty()) return has_admin_token(settings, request);
  // What a proxy passed on came from anywhere: the proxy itself may be on this machine, and without
  // --trusted-proxy its word for the client's address counts for nothing.
  return !request.forwarded && is_loopback(request.peer);
}

bool AdminPlane::is_streamed(const HttpRequest& head) {
  return head.path() == kSnapshotPath && (head.method == "PUT" || head.method == "POST");
}

Introduction AdminPlane::identify(const HttpRequest& head) const {
  if (!may_administer(services_.settings, head)) return refuse_administration();
  return true;
}

// Asked before the body is read: a caller without permission sends nothing that is stored.
std::variant<HttpResponse, std::unique_ptr<BodySink>> AdminPlane::open(
    const HttpRequest& head) const {
  if (!may_administer(services_.settings, head)) return refuse_administration();
  return restore_snapshot(services_);
}

// A HEAD request is answered like a GET, without the body but with the body's length.
HttpResponse AdminPlane::handle(const HttpRequest& request) const {
  HttpResponse response = answer(request);
  if (request.method != "HEAD") return response;
  const auto* body = std::get_if<std::string>(&response.body);
  if (body != nullptr) response.head_length = body->size();
  response.body = std::string();
  return response;
}

HttpResponse AdminPlane::answer(const HttpRequest& request) const {
  try {
    // Health is open: a probe has no token, and the answer has no secrets.
    if (request.path() == "/_ecr-local/health" && is_read(request)) return answer_health();
    if (!may_administer(services_.settings, request)) return refuse_administration();
    return answer_administrator(request);
  } catch (const SeedError& error) {
    return error_response(400, error.what());
  } catch (const ParameterError& error) {
    return error_response(400, error.what());
  } catch (...) {
    const ApiError error = to_api_error(std::current_exception());
    return error_response(names_of(error.code()).json_status, error.message());
  }
}

HttpResponse AdminPlane::answer_health() const {
  const std::string failure = services_.store.sync_failures().first();
  const auto uptime = services_.machine_clock.now() - started_;
  return json_response(failure.empty() ? 200 : 503, health(services_, uptime, failure));
}

HttpResponse AdminPlane::answer_administrator(const HttpRequest& request) const {
  const std::string_view path = request.path();
  const bool read = is_read(request);
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (path == "/_ecr-local/clock") return answer_clock(services_, clock_, request);
  if (path == "/_ecr-local/coverage" && read) return json_response(200, coverage(control_));
  if (path == "/_ecr-local/signing-certificate" && read) return signing_certificate(services_);
  if (path == "/_ecr-local/jobs" && read) return answer_jobs(services_, request);
  if (path == "/_ecr-local/jobs/run" && post) return answer_run_jobs(jobs_, request);
  if (path == "/_ecr-local/gc" && post) return answer_gc(services_, request);
  if (path == "/_ecr-local/seed" && post) {
    apply_seed(services_, request.body);
    return json_response(200, Json{{"status", "applied"}});
  }
  if (path == "/_ecr-local/reset" && post) {
    baseline_.reset();
    jobs_.schedule_periodic();  // the reset removed the rows of periodic jobs with all others
    return json_response(200, Json{{"status", "reset"}});
  }
  if (path == kSnapshotPath && get) return save_snapshot(services_);
  if (path == "/_ecr-local/events" && get) return answer_events(services_, request);
  if (path == "/_ecr-local/decisions" && get) return answer_decisions(services_, request);
  if (path == "/_ecr-local/decisions/policy" && get) {
    return answer_decision_policy(services_, request);
  }
  return error_response(404, "There is nothing at this path");
}

}  // namespace ecr::api::admin
