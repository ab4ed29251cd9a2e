#include "server/runtime/own_routes.h"

#include <nlohmann/json.hpp>

#include "api/admin/admin_plane.h"
#include "schemas/base/json.h"
#include "server/faults/fault_json.h"

namespace ecr::server {
namespace {

constexpr std::string_view kFaults = "/_ecr-local/faults";
constexpr std::string_view kCa = "/_ecr-local/ca";
constexpr std::string_view kLocalStack = "/_localstack/health";

// The line break keeps the prompt of a shell off the answer when curl prints it.
api::HttpResponse json_text(int status, const std::string& text) {
  return api::text_response(status, "application/json", text + "\n");
}

// The note puts the reason into the access log, too.
api::HttpResponse error_answer(int status, const std::string& message) {
  api::HttpResponse response = json_text(status, base::dump(base::Json{{"message", message}}));
  response.note.error = message;
  return response;
}

// The form of LocalStack's health check, for scripts that wait for it. The services that exist here
// are "running". The services are those that a script may wait for; everything of this server is
// ready when it answers at all. Test: OwnRoutesTest.LocalStacksHealthCheckIsAnswered.
api::HttpResponse localstack_health(const std::string& version) {
  const base::OrderedJson json = {
      {"services", {{"ecr", "running"}, {"iam", "running"}, {"sts", "running"}}},
      {"edition", "ecr-local"},
      {"version", version}};
  return json_text(200, base::dump(json));
}

bool is_read(const api::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

// Whole paths, so that a path of the admin API is never taken by accident.
bool OwnRoutes::is_own(std::string_view path) {
  return path == kFaults || path == kCa || path == kLocalStack;
}

api::HttpResponse OwnRoutes::faults(const api::HttpRequest& request) const {
  // Reading the rules also needs the right: they tell what a test is about to do. A request from
  // another web page is refused as well (integration/test_faults.py,
  // test_a_web_page_cannot_set_them).
  if (!api::admin::may_administer(parts_.settings, request))
    return api::admin::refuse_administration();
  try {
    // PUT replaces the rules and POST adds to them (RFC 9110, 9.3.4 and 9.3.3). A document with an
    // error changes nothing, because it is read whole before.
    if (request.method == "PUT") {
      parts_.faults.replace(parse_fault_rules(request.body, parts_.operations(), parts_.random));
    } else if (request.method == "POST") {
      parts_.faults.add(parse_fault_rules(request.body, parts_.operations(), parts_.random));
    } else if (request.method == "DELETE") {
      parts_.faults.replace({});
    } else if (!is_read(request)) {
      return error_answer(405, "GET, PUT, POST or DELETE");
    }
  } catch (const FaultError& error) {
    return error_answer(400, error.what());
  }
  // Every method answers with the rules as they are now, so a script sees the seed that was drawn.
  return json_text(200, fault_rules_json(parts_.faults.list()));
}

std::optional<api::HttpResponse> OwnRoutes::handle(const api::HttpRequest& request) const {
  const std::string_view path = request.path();
  if (!is_own(path)) return std::nullopt;
  api::HttpResponse response;
  if (path == kFaults) {
    response = faults(request);
  } else if (!is_read(request)) {
    response = error_answer(405, "GET alone");
  } else if (path == kLocalStack) {
    response = localstack_health(parts_.settings.version);
  } else if (parts_.ca.empty()) {
    response =
        error_answer(404, "There is no certificate authority: the server runs without --tls auto");
  } else {
    // The certificate is public, so every client may read it: a client needs it before it can trust
    // the server that it would send a token to.
    response = api::text_response(200, "application/x-pem-file", parts_.ca);
  }
  // HEAD has the Content-Length of GET and no body (RFC 9110, 9.3.2).
  if (request.method == "HEAD") {
    response.head_length = std::get<std::string>(response.body).size();
    response.body = std::string();
  }
  return response;
}

}  // namespace ecr::server
