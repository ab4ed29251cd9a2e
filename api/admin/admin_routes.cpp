#include "api/admin/admin_routes.h"

#include <algorithm>

#include "api/admin/admin_http.h"
#include "api/admin/operator_call.h"
#include "api/admin/seed/seed.h"
#include "api/core/access/origin.h"
#include "api/core/wire/error_response.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::admin {
namespace {

constexpr std::string_view kOwnPaths = "/_ecr-local/";

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

bool answers(const AdminRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

// Says what to do. Nobody learns more than they sent: their own address and the name they asked
// for.
HttpResponse refuse_administration(const Settings& settings, const HttpRequest& request) {
  const std::string name(base::without_port(request.host()));
  if (!is_own_host(settings, request.host())) {
    return error_response(
        403, base::format("This is not answered under the host name {}: use localhost or an "
                          "address, or start ecr-local with --admin-host {}",
                          name, name));
  }
  if (!settings.admin_token.empty()) {
    return error_response(
        403,
        "This needs the admin token, from this machine too: Authorization: Bearer TOKEN, or "
        "--admin-token or ECR_LOCAL_ADMIN_TOKEN of ecr-local's commands");
  }
  const std::string from =
      request.forwarded ? "your request came through a proxy"
                        : base::format("you arrive as {}, which is not this machine", request.peer);
  return error_response(
      403, base::format("This needs the admin token: {}. Start ecr-local with --admin-token TOKEN "
                        "(ECR_LOCAL_ADMIN_TOKEN) and send Authorization: Bearer TOKEN",
                        from));
}

}  // namespace

bool may_administer(const Settings& settings, const HttpRequest& request) {
  if (!is_own_host(settings, request.host())) return false;
  if (!settings.admin_token.empty()) return has_admin_token(settings, request);
  // What a proxy passed on came from anywhere: the proxy itself may be on this machine, and without
  // --trusted-proxy its word for the client's address counts for nothing.
  return !request.forwarded && is_loopback(request.peer);
}

bool AdminRoutes::may_use(const HttpRequest& request) const {
  if (may_administer(settings_, request)) return true;
  return signed_in_ && is_own_host(settings_, request.host()) && signed_in_(request);
}

void AdminRoutes::add(std::vector<AdminRoute> routes) {
  std::move(routes.begin(), routes.end(), std::back_inserter(routes_));
}

bool AdminRoutes::has(std::string_view path) const {
  return path.starts_with(kOwnPaths) ||
         std::any_of(routes_.begin(), routes_.end(),
                     [path](const AdminRoute& route) { return route.path == path; });
}

const AdminRoute* AdminRoutes::find(const HttpRequest& head) const {
  const std::string_view path = head.path();
  for (const AdminRoute& route : routes_) {
    if (route.path == path && answers(route, head.method)) return &route;
  }
  return nullptr;
}

Introduction AdminRoutes::identify(const HttpRequest& head) const {
  if (is_open(head.path(), find(head))) return false;
  if (!may_use(head)) return refuse_administration(settings_, head);
  return true;
}

// The door comes before everything that the request says: a caller without permission learns of no
// path, and sends no body that is stored.
std::variant<HttpResponse, std::unique_ptr<BodySink>> AdminRoutes::open(
    const HttpRequest& head) const {
  if (!may_use(head)) return refuse_administration(settings_, head);
  return find(head)->take_body();
}

HttpResponse AdminRoutes::handle(const HttpRequest& request) const {
  HttpResponse response = answer(request);
  const AdminRoute* const route = find(request);
  response.note.probe = route != nullptr && route->probe;
  if (request.method == "HEAD") drop_body(response);
  return response;
}

HttpResponse AdminRoutes::answer(const HttpRequest& request) const {
  try {
    const AdminRoute* const route = find(request);
    if (!is_open(request.path(), route) && !may_use(request)) {
      return refuse_administration(settings_, request);
    }
    return route == nullptr ? refuse(request.path()) : route->handle(request);
  } catch (const SeedError& error) {
    return error_response(400, error.what());
  } catch (const ParameterError& error) {
    return error_response(400, error.what());
  } catch (const OperatorError& error) {
    return error_response(400, error.what());
  } catch (...) {
    return api::error_response(to_api_error(std::current_exception()), ErrorForm::kOwn, request);
  }
}

// A method that an open path does not have is refused to everybody in the same way.
bool AdminRoutes::is_open(std::string_view path, const AdminRoute* route) const {
  const auto opens = [](const AdminRoute& row) {
    return row.access == AdminRoute::Access::kEverybody;
  };
  if (route != nullptr) return opens(*route);
  return std::any_of(routes_.begin(), routes_.end(),
                     [&](const AdminRoute& row) { return row.path == path && opens(row); });
}

// 405 names the methods that the path has (RFC 9110, section 15.5.6).
HttpResponse AdminRoutes::refuse(std::string_view path) const {
  std::vector<std::string_view> methods;
  for (const AdminRoute& route : routes_) {
    if (route.path != path) continue;
    methods.push_back(route.method);
    if (route.method == "GET") methods.emplace_back("HEAD");
  }
  if (methods.empty()) return error_response(404, "There is nothing at this path");
  const std::string allowed = base::format("{}", base::join(methods, ", "));
  HttpResponse response = error_response(405, "This path has the methods " + allowed);
  response.set("Allow", allowed);
  return response;
}

}  // namespace ecr::api::admin
