// The registry plane, which docker and other clients of images talk to. It has the shape of the
// control plane, with a token in the place of a signature and errors in the OCI form. Thread-safe;
// every function blocks, except answer_without_blocking().
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/registry/read_memo.h"

namespace ecr::api::registry {

class RegistryPlane {
 public:
  explicit RegistryPlane(const Services& services) : services_(services) {}

  // The answers that an io thread may give: the 401 to a request without credentials, GET /v2/ of a
  // caller that was authenticated since the last write, and reads of a few rows, for which the hop
  // to a worker would cost more than the read. nullopt: a worker has to answer.
  std::optional<HttpResponse> answer_without_blocking(const HttpRequest& head) const;

  // Authenticates the caller of a request whose body is still to come. Blocks.
  Introduction identify(const HttpRequest& head) const;

  // Layers by the signed URLs of GetDownloadUrlForLayer (layer_download.h), which need no token.
  HttpResponse download(const HttpRequest& request) const;

  // A request whose body, if it has one, is in memory. `request` outlives the call of the answer's
  // HttpResponse::later.
  HttpResponse handle(const HttpRequest& request) const;

  // Authenticates and authorizes an upload before its body is read: a refusal, or the sink for the
  // body. `head` must outlive the sink.
  std::variant<HttpResponse, std::unique_ptr<BodySink>> open(const HttpRequest& head) const;

 private:
  using Outside = std::function<std::any()>;
  HttpResponse run(const HttpRequest& request, LogNote& note, std::any outside) const;
  HttpResponse answer(const HttpRequest& request, LogNote note, const Outside& outside) const;

  const Services& services_;
  mutable ReadMemo memo_;
};

}  // namespace ecr::api::registry
