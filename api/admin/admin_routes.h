// The routes of the emulator's own API, one row a path and method: all that the server knows of a
// route is in its row. Also the door to them: who may use a route is decided here and nowhere else.
// Rows are added before the first request; then thread-safe. Blocking, except find() and has().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

struct AdminRoute {
  std::string_view method;  // GET answers HEAD as well
  std::string_view path;    // whole
  enum class Access { kAdministrators, kEverybody } access = Access::kAdministrators;
  bool probe = false;                   // a health check (LogNote::probe)
  std::uint64_t body_limit = 64 << 10;  // bytes of a body that is kept in memory
  std::function<HttpResponse(const HttpRequest&)> handle = {};
  // Not empty: the body is streamed to this sink, and handle is not used.
  std::function<std::unique_ptr<BodySink>()> take_body = {};
};

class AdminRoutes {
 public:
  explicit AdminRoutes(const Settings& settings) : settings_(settings) {}
  void add(std::vector<AdminRoute> routes);
  // Callers that `signed_in` knows may use every route, too: those of the console, who signed in by
  // a code. It is asked for own hosts alone.
  void accept(std::function<bool(const HttpRequest&)> signed_in) {
    signed_in_ = std::move(signed_in);
  }

  // True: this API answers the path, if only to say that there is nothing.
  bool has(std::string_view path) const;
  // Null: no row has the path and the method.
  const AdminRoute* find(const HttpRequest& head) const;

  // Whether the caller may use the route, before the body of its request is there.
  Introduction identify(const HttpRequest& head) const;
  HttpResponse handle(const HttpRequest& request) const;
  // The answer that refuses the request, or the sink for its body. REQUIRES: the row takes its body
  // as a stream.
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const;

 private:
  HttpResponse answer(const HttpRequest& request) const;
  HttpResponse refuse(std::string_view path) const;
  // `route`: of the path and the request's method; null: there is none.
  bool is_open(std::string_view path, const AdminRoute* route) const;

  bool may_use(const HttpRequest& request) const;

  const Settings& settings_;
  std::vector<AdminRoute> routes_;
  std::function<bool(const HttpRequest&)> signed_in_;  // empty: nobody signs in
};

// True where the request may use more than the open routes. Pure.
bool may_administer(const Settings& settings, const HttpRequest& request);

}  // namespace ecr::api::admin
