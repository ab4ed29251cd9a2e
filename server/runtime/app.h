// Finds the part of the API that answers a request. This is the boundary between the asynchronous
// shell and the synchronous core: nothing here knows a socket. Thread-safe.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <variant>

#include "api/admin/admin_routes.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/wire/http.h"
#include "api/registry/registry_plane.h"
#include "server/runtime/operation_names.h"

namespace ecr::api {
class ApiError;
}
namespace ecr::api::metadata {
class MetadataPlane;
}

namespace ecr::server {

class FaultRules;

struct BodyPlan {
  bool streamed = false;
  std::uint64_t limit = 0;  // of a body kept in memory
};

class App {
 public:
  // `faults` outlives the app.
  void add(FaultRules& faults) { faults_ = &faults; }
  // The rules of injected faults; null: there are none.
  FaultRules* faults() const { return faults_; }
  // `metadata` outlives the app.
  void add(api::metadata::MetadataPlane& metadata) { metadata_ = &metadata; }
  // The operation of a request, as "ecr:PutImage". Empty when a fault rule cannot name it.
  std::string operation_of(const api::HttpRequest& request) const { return names_.of(request); }
  std::vector<std::string> operations() const { return names_.all(); }

  App(const api::ControlPlane& control, const api::registry::RegistryPlane& registry,
      const api::admin::AdminRoutes& admin);

  // The first thing that happens to a request, before its body is read: finds out who the client
  // is and which plane it asks, and answers what a web page of another site had a browser send.
  // Does not block. REQUIRES, for all other functions: it was called.
  std::optional<api::HttpResponse> admit(api::HttpRequest& head) const;
  // Looks for the caller in the head of a request whose large body is still to come. Blocks.
  api::Introduction identify(const api::HttpRequest& head) const;

  // Decides how the body of this request is read. Does not block.
  BodyPlan plan(const api::HttpRequest& head) const;
  // The answer, when it needs neither the body nor a worker; else nullopt.
  std::optional<api::HttpResponse> answer_without_blocking(const api::HttpRequest& head) const;
  // Answers a request whose body is in memory. Blocks: call it on a worker.
  api::HttpResponse handle(const api::HttpRequest& request) const;
  // Opens the sink for a streamed body, or refuses the request. Blocks; `head` outlives the sink.
  std::variant<api::HttpResponse, std::unique_ptr<api::BodySink>> open(
      const api::HttpRequest& head) const;

  // Refusals of the server itself, in the form of the protocol that the plane speaks. `limit`: in
  // bytes.
  api::HttpResponse refuse_large_body(const api::HttpRequest& head, std::size_t limit) const;
  // Callers who are not authenticated yet hold `limit` bytes together.
  api::HttpResponse refuse_for_memory(const api::HttpRequest& head, std::size_t limit) const;
  // What the sink of a streamed body threw.
  api::HttpResponse refuse_failure(const api::HttpRequest& head, std::exception_ptr failure) const;
  // Ends a streamed body whose framing is wrong: an ApiError that the upload is answered with.
  [[noreturn]] static void throw_malformed_body();

 private:
  api::HttpResponse refuse(const api::HttpRequest& head, const api::ApiError& error) const;
  api::Plane plane_of(const api::HttpRequest& head) const;

  const api::ControlPlane& control_;
  const api::registry::RegistryPlane& registry_;
  const api::admin::AdminRoutes& admin_;
  const OperationNames names_;
  FaultRules* faults_ = nullptr;
  api::metadata::MetadataPlane* metadata_ = nullptr;  // null: there is none
};

}  // namespace ecr::server
