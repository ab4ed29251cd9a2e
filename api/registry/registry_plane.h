// The registry: what docker and its like talk to. Same shape as the control plane with a token in
// the place of a signature and the OCI error form. Thread-safe; blocking but for plan() and
// answer_without_blocking().
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/registry/read_cache.h"

namespace ecr::api::registry {

class RegistryPlane {
 public:
  explicit RegistryPlane(const Services& services) : services_(services) {}

  // True: the body goes through open(), never into memory.
  static bool is_streamed(const HttpRequest& head);

  // What may run on an io thread: the 401 without credentials, GET /v2/ of whoever was let in since
  // the last write, and reads of a few rows, for which a worker would cost more than all the rest.
  std::optional<HttpResponse> answer_without_blocking(const HttpRequest& head) const;

  // Layers by the signed URLs of GetDownloadUrlForLayer (layer_download.h), which need no token.
  HttpResponse download(const HttpRequest& request) const;

  // A request whose body, if it has one, is in memory. `request` outlives what HttpResponse::later
  // of the answer is called for.
  HttpResponse handle(const HttpRequest& request) const;

  // Authenticates and authorizes an upload before its body is read: a refusal, or where the body
  // goes.  `head` must outlive the sink.
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const;

 private:
  using Outside = std::function<std::any()>;
  HttpResponse run(const HttpRequest& request, LogNote& note, std::any outside) const;
  HttpResponse answer(const HttpRequest& request, LogNote note, const Outside& outside) const;

  const Services& services_;
  mutable ReadCache cache_;
};

}  // namespace ecr::api::registry
