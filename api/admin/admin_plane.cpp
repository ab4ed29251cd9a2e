#include "api/admin/admin_plane.h"

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/clock_routes.h"
#include "api/admin/decision_routes.h"
#include "api/admin/event_routes.h"
#include "api/admin/failure_routes.h"
#include "api/admin/maintenance_routes.h"
#include "api/admin/oidc_routes.h"
#include "api/admin/oidc_token_route.h"
#include "api/admin/seed/seed.h"
#include "api/admin/snapshot/snapshot.h"
#include "api/images/push/signing.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

// Seeds and policies of a whole team fit into this; snapshots are streamed.
constexpr std::uint64_t kBodyLimit = 16u << 20;

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

}  // namespace

AdminPlane::AdminPlane(const Services& services, const ControlPlane& control,
                       base::MovableClock& clock, JobRunner& jobs, Baseline& baseline)
    : services_(services), started_(services.machine_clock.now()), routes_(services.settings) {
  const auto seed = [&services](const HttpRequest& request) {
    const SeedReport report = apply_seed(services, request.body);
    base::OrderedJson applied = base::OrderedJson::object();
    for (const auto& [name, count] : report.applied) applied[name] = count;
    return json_response(200, base::OrderedJson{{"status", "applied"},
                                                {"applied", std::move(applied)},
                                                {"warnings", report.warnings}});
  };
  const auto reset = [this, &baseline, &jobs](const HttpRequest&) {
    baseline.reset();
    jobs.schedule_periodic();  // the reset removed the rows of periodic jobs with all others
    for (const auto& action : on_reset_) action();
    return json_response(200, Json{{"status", "reset"}});
  };
  const auto with = [&services](auto* handler) {
    return [&services, handler](const HttpRequest& request) { return handler(services, request); };
  };
  const auto move_clock = [&services, &clock](const HttpRequest& request) {
    return move_clock_response(services, clock, request);
  };
  const auto restore = [&services] { return restore_snapshot(services); };
  routes_.add({
      // Health is open: a probe has no token, and the answer has no secrets.
      {.method = "GET",
       .path = "/_ecr-local/health",
       .access = AdminRoute::Access::kEverybody,
       .probe = true,
       .handle = [this](const HttpRequest&) { return answer_health(); }},
      {.method = "GET",
       .path = "/_ecr-local/clock",
       .handle = [&services,
                  &clock](const HttpRequest&) { return clock_response(services, clock); }},
      {.method = "POST",
       .path = "/_ecr-local/clock",
       .body_limit = kBodyLimit,
       .handle = move_clock},
      {.method = "PUT",
       .path = "/_ecr-local/clock",
       .body_limit = kBodyLimit,
       .handle = move_clock},
      {.method = "GET",
       .path = "/_ecr-local/coverage",
       .handle = [&control](const HttpRequest&) { return json_response(200, coverage(control)); }},
      {.method = "GET",
       .path = "/_ecr-local/signing-certificate",
       .handle = [&services](const HttpRequest&) { return signing_certificate(services); }},
      // Whoever verifies a token needs these two, and they say nothing that is secret.
      {.method = "GET",
       .path = "/_ecr-local/oidc/.well-known/openid-configuration",
       .access = AdminRoute::Access::kEverybody,
       .handle = with(answer_oidc_description)},
      {.method = "GET",
       .path = "/_ecr-local/oidc/jwks",
       .access = AdminRoute::Access::kEverybody,
       .handle = with(answer_oidc_keys)},
      {.method = "POST", .path = "/_ecr-local/oidc/token", .handle = with(answer_test_token)},
      {.method = "GET", .path = "/_ecr-local/jobs", .handle = with(answer_jobs)},
      {.method = "POST",
       .path = "/_ecr-local/jobs/run",
       .body_limit = kBodyLimit,
       .handle = [&jobs](const HttpRequest& request) { return answer_run_jobs(jobs, request); }},
      {.method = "POST",
       .path = "/_ecr-local/gc",
       .body_limit = kBodyLimit,
       .handle = with(answer_gc)},
      {.method = "POST", .path = "/_ecr-local/seed", .body_limit = kBodyLimit, .handle = seed},
      {.method = "POST", .path = "/_ecr-local/reset", .body_limit = kBodyLimit, .handle = reset},
      {.method = "GET",
       .path = "/_ecr-local/snapshot",
       .handle = [&services](const HttpRequest&) { return save_snapshot(services); }},
      {.method = "PUT", .path = "/_ecr-local/snapshot", .take_body = restore},
      {.method = "POST", .path = "/_ecr-local/snapshot", .take_body = restore},
      {.method = "GET", .path = "/_ecr-local/events", .handle = with(answer_events)},
      {.method = "GET", .path = "/_ecr-local/decisions", .handle = with(answer_decisions)},
      {.method = "GET",
       .path = "/_ecr-local/decisions/policy",
       .handle = with(answer_decision_policy)},
      {.method = "GET",
       .path = "/_ecr-local/authentication-failures",
       .handle = with(answer_failures)},
  });
}

HttpResponse AdminPlane::answer_health() const {
  const std::string failure = services_.store.sync_failures().first();
  const auto uptime = services_.machine_clock.now() - started_;
  return json_response(failure.empty() ? 200 : 503, health(services_, uptime, failure));
}

}  // namespace ecr::api::admin
