#include "server/runtime/own_routes.h"

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "schemas/base/json.h"
#include "server/faults/fault_json.h"

namespace ecr::server {
namespace {

using api::HttpRequest;
using api::HttpResponse;
using api::admin::AdminRoute;
using api::admin::error_response;
using api::admin::json_response;

constexpr std::uint64_t kMaxRules = 1u << 20;  // bytes of a document of fault rules

// The form of LocalStack's health check, for scripts that wait for it. The services that exist here
// are "running". The services are those that a script may wait for; everything of this server is
// ready when it answers at all. Test: OwnRoutesTest.LocalStacksHealthCheckIsAnswered.
api::HttpResponse localstack_health(const std::string& version) {
  const base::OrderedJson json = {
      {"services", {{"ecr", "running"}, {"iam", "running"}, {"sts", "running"}}},
      {"edition", "ecr-local"},
      {"version", version}};
  return json_response(200, json);
}

HttpResponse list_faults(const FaultRules& faults) {
  return api::text_response(200, "application/json", fault_rules_json(faults.list()) + "\n");
}

// Every method answers with the rules as they are now, so a script sees the seed that was drawn. A
// document with an error changes nothing, because it is read whole before.
template <typename Change>
auto change_faults(const OwnRouteParts& parts, Change change) {
  return [parts, change](const HttpRequest& request) {
    try {
      change(parts.faults, parse_fault_rules(request.body, parts.operations(), parts.random));
    } catch (const FaultError& error) {
      return error_response(400, error.what());
    }
    return list_faults(parts.faults);
  };
}

// The certificate is public, so every client may read it: a client needs it before it can trust the
// server that it would send a token to.
HttpResponse authority(const std::string& pem) {
  if (pem.empty()) {
    return error_response(404,
                          "There is no certificate authority: the server runs without --tls auto");
  }
  return api::text_response(200, "application/x-pem-file", pem);
}

}  // namespace

// Reading the rules of faults also needs the right: they tell what a test is about to do
// (integration/test_faults.py, test_a_web_page_cannot_set_them). PUT replaces the rules and POST
// adds to them (RFC 9110, 9.3.4 and 9.3.3). Metrics are open, as Prometheus sends no credentials by
// default; the text holds counts and no names of anything stored.
std::vector<AdminRoute> own_routes(const OwnRouteParts& parts) {
  constexpr std::string_view kFaults = "/_ecr-local/faults";
  constexpr auto kEverybody = AdminRoute::Access::kEverybody;
  using Rules = std::vector<FaultRule>;
  std::vector<AdminRoute> routes = {
      {.method = "GET",
       .path = kFaults,
       .handle = [parts](const HttpRequest&) { return list_faults(parts.faults); }},
      {.method = "PUT",
       .path = kFaults,
       .body_limit = kMaxRules,
       .handle = change_faults(
           parts, [](FaultRules& faults, Rules rules) { faults.replace(std::move(rules)); })},
      {.method = "POST",
       .path = kFaults,
       .body_limit = kMaxRules,
       .handle = change_faults(
           parts, [](FaultRules& faults, Rules rules) { faults.add(std::move(rules)); })},
      {.method = "DELETE",
       .path = kFaults,
       .handle =
           [parts](const HttpRequest&) {
             parts.faults.replace({});
             return list_faults(parts.faults);
           }},
      {.method = "GET",
       .path = "/_ecr-local/ca",
       .access = kEverybody,
       .handle = [parts](const HttpRequest&) { return authority(parts.ca); }},
      {.method = "GET",
       .path = "/_localstack/health",
       .access = kEverybody,
       .probe = true,
       .handle = [parts](const HttpRequest&) { return localstack_health(parts.settings.version); }},
  };
  if (parts.requests != nullptr) routes.push_back(request_route(*parts.requests));
  if (parts.metrics) {
    routes.push_back({.method = "GET",
                      .path = "/metrics",
                      .access = kEverybody,
                      .handle = [parts](const HttpRequest&) {
                        return api::text_response(200, "text/plain; version=0.0.4; charset=utf-8",
                                                  parts.metrics());
                      }});
  }
  return routes;
}

}  // namespace ecr::server
