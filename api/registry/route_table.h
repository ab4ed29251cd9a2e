// The routes of /v2/ and of the signed URLs of layers, one row a route and method: all that the
// server knows of a route is in its row. A new route is one row here and one handler (handlers.h).
// Pure.
#pragma once

#include <any>
#include <cstdint>
#include <span>
#include <string_view>

#include "api/registry/handlers.h"
#include "api/registry/route.h"
#include "storage/sql/database.h"

namespace ecr::api::registry {

struct RouteRow {
  RouteKind kind;
  std::string_view method;
  // The name that fault rules use, behind "registry:". Users' rules have it: it never changes.
  std::string_view name;
  storage::sql::Access access;
  // True: the request may be answered on an io thread, because it never waits long: for a lock or
  // for a network.
  bool quick;
  std::uint64_t body_limit;  // bytes of a body that is kept in memory
  RouteHandler handle;       // null: the body is streamed, or no token is needed
  StreamHandler open;        // null: the body is kept in memory
  // Reads the body before the transaction, which would keep other writers waiting. Null: nothing.
  std::any (*decode)(const HttpRequest&, const Route&) = nullptr;
  // Of a route that needs no token, in the place of the others. Null: it needs one.
  HttpResponse (*serve)(const Services&, const HttpRequest&) = nullptr;
};

std::span<const RouteRow> route_table();

// GET answers HEAD where HEAD has no row of its own. Null: the route does not have the method.
const RouteRow* find_row(RouteKind kind, std::string_view method);
// The row of a request; null: there is no such route, or it does not have the method.
const RouteRow* find_row(const HttpRequest& head);

// The value of the Allow header: the methods that the route has.
std::string allowed_methods(RouteKind kind);

}  // namespace ecr::api::registry
