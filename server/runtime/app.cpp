#include "server/runtime/app.h"

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/core/access/origin.h"
#include "api/core/dispatch/operation_codec.h"
#include "api/core/wire/error.h"
#include "api/images/manifest.h"
#include "api/registry/layer_download.h"
#include "api/registry/session.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/faults/fault_rules.h"
#include "server/runtime/own_routes.h"

namespace ecr::server {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::string_view kAdminPrefix = "/_ecr-local/";

// "/v2" without the slash is asked by some clients and gets the registry's own error.
bool is_registry(std::string_view path) { return path == "/v2" || path.starts_with("/v2/"); }
bool is_admin(std::string_view path) { return path.starts_with(kAdminPrefix); }

// The largest body of an AWS API call. PutImage has a manifest of up to 4 MiB as a JSON string
// (each quote is escaped), UploadLayerPart has 20 MiB in base64; every other call is far below a
// mebibyte. The header alone decides, so the limit is known before the body is read. IAM and STS
// have no such header and get the smallest limit. A client that names another operation than its
// body suits gains nothing: the operation is the one that is run.
std::uint64_t control_limit(const api::HttpRequest& head) {
  const std::string_view target = head.headers.get("x-amz-target");
  if (target.ends_with(".UploadLayerPart")) return 32 * kMiB;
  return target.ends_with(".PutImage") ? 10 * kMiB : 1 * kMiB;
}

}  // namespace

App::App(const api::ControlPlane& control, const api::registry::RegistryPlane& registry,
         const api::admin::AdminPlane& admin, WriteMetrics metrics)
    : control_(control),
      registry_(registry),
      admin_(admin),
      metrics_(std::move(metrics)),
      names_(control) {}

std::optional<api::HttpResponse> App::admit(api::HttpRequest& head) const {
  api::settle_client(head, control_.settings().trusted_proxies);
  if (const auto error = api::check_origin(head)) return refuse(head, *error);
  return std::nullopt;
}

api::Introduction App::identify(const api::HttpRequest& head) const {
  const std::string_view path = head.path();
  if (is_registry(path)) return registry_.identify(head);
  if (is_admin(path)) return admin_.identify(head);
  if (path == "/") return control_.identify(head);
  return false;
}

BodyPlan App::plan(const api::HttpRequest& head) const {
  const std::string_view path = head.path();
  if (is_registry(path)) {
    // Layers: their size has no limit here, because they go to a file as they come.
    if (api::registry::RegistryPlane::is_streamed(head)) return {true, 0};
    return {false, api::kMaxManifestBytes};
  }
  if (api::admin::AdminPlane::is_streamed(head)) return {true, 0};
  // Seeds and policies of a whole team fit into this; snapshots are streamed.
  if (is_admin(path)) return {false, 16 * kMiB};
  return {false, control_limit(head)};
}

std::optional<api::HttpResponse> App::answer_without_blocking(const api::HttpRequest& head) const {
  if (is_registry(head.path())) return registry_.answer_without_blocking(head);
  return std::nullopt;
}

// The registry comes first because it has most of the requests. Routes of the server itself come
// before the admin API's, which would answer their paths with 404.
api::HttpResponse App::handle(const api::HttpRequest& request) const {
  const std::string_view path = request.path();
  if (is_registry(path)) return registry_.handle(request);
  if (own_ != nullptr) {
    if (auto response = own_->handle(request)) return std::move(*response);
  }
  if (is_admin(path)) {
    api::HttpResponse response = admin_.handle(request);
    // A reset also removes the faults that the last test asked for. Faults belong to the server and
    // not to the store, so the reset of the store does not reach them (integration/test_faults.py,
    // test_a_reset_clears_them).
    const bool reset = path == "/_ecr-local/reset" && response.status == 200;
    if (reset && faults_ != nullptr) faults_->replace({});
    return response;
  }
  // The signed URL of GetDownloadUrlForLayer, which a client follows without credentials.
  if (api::is_layer_path(path)) return registry_.download(request);
  if (path == "/") return control_.handle(request);
  // Open to everyone, as Prometheus sends no credentials by default; the text holds counts and no
  // names of anything stored.
  if (path == "/metrics" && request.method == "GET" && metrics_) {
    return api::text_response(200, "text/plain; version=0.0.4; charset=utf-8", metrics_());
  }
  return refuse(request, {api::ErrorCode::kNotFound, "There is nothing at this path"});
}

// Only the paths for which plan() said "streamed" come here.
std::variant<api::HttpResponse, std::unique_ptr<api::BodySink>> App::open(
    const api::HttpRequest& head) const {
  if (is_admin(head.path())) return admin_.open(head);
  return registry_.open(head);
}

// These refusals come before the operation is known (a body that is too large, an unknown path).
api::HttpResponse App::refuse(const api::HttpRequest& head, const api::ApiError& error) const {
  const api::ErrorNames& names = api::names_of(error.code());
  const std::string_view path = head.path();
  api::HttpResponse response;
  if (is_registry(path)) {
    response = api::registry::error_response(error, head);
  } else if (path == "/") {
    response = api::encode_error(error, {}, head);
  } else if (is_admin(path)) {
    response = api::admin::error_response(names.oci_status, error.message());
  } else {
    const nlohmann::json body = {{"__type", std::string(names.json_type)},
                                 {"message", error.message()}};
    response = api::text_response(names.oci_status, "application/json", base::dump(body));
    response.note.error = base::format("{}: {}", names.json_type, error.message());
  }
  // HEAD has the Content-Length of GET and no body (RFC 9110, 9.3.2).
  if (head.method == "HEAD") {
    response.head_length = std::get<std::string>(response.body).size();
    response.body = std::string();
  }
  return response;
}

}  // namespace ecr::server
