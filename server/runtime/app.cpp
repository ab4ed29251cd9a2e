#include "server/runtime/app.h"

#include "api/admin/console/console.h"
#include "api/core/access/origin.h"
#include "api/core/wire/error_response.h"
#include "api/images/layer_url.h"
#include "api/images/manifest.h"
#include "api/metadata/metadata_plane.h"
#include "api/registry/registry_request.h"
#include "api/registry/route_table.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

// Bytes: a PUT for a token has no body.
constexpr std::uint64_t kMetadataBody = 1024;

// The form of an error that comes before a plane has seen the request: a body that is too large, an
// unknown path.
api::ErrorForm form_of(const api::HttpRequest& head) {
  if (head.plane == api::Plane::kLayers) return api::ErrorForm::kS3;
  return head.plane == api::Plane::kApi ? api::aws_form(head) : api::ErrorForm::kOwn;
}

// A person who wants to know what is here: a browser, or curl. The signed calls of AWS's Query
// protocol that come as GET have their parameters in the query, or an Authorization header.
bool is_visit(const api::HttpRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  return reads && request.query().empty() && !request.headers.find("authorization");
}

// A browser asks for a page; curl and SDKs take whatever comes.
bool wants_page(const api::HttpRequest& request) {
  return request.headers.get("accept").find("text/html") != std::string_view::npos;
}

// 303 (RFC 9110, section 15.4.4): the console is another resource, to be read by GET.
api::HttpResponse to_console() {
  api::HttpResponse response = api::text_response(303, "text/plain; charset=utf-8", "");
  response.set("Location", std::string(api::admin::console::kConsolePath));
  response.set("Vary", "Accept");
  return response;
}

api::HttpResponse welcome(const api::HttpRequest& request, const std::string& version) {
  const std::string host(request.host());
  const std::string url = request.origin();
  api::HttpResponse response = api::text_response(
      200, "text/plain; charset=utf-8",
      base::format("ecr-local {}: Amazon ECR with IAM, for AWS clients and docker.\n\n"
                   "AWS CLI   aws --endpoint-url {} ecr describe-repositories\n"
                   "docker    aws --endpoint-url {} ecr get-login-password |\n"
                   "            docker login --username AWS --password-stdin {}\n"
                   "health    {}/_ecr-local/health\n"
                   "metrics   {}/metrics\n"
                   "console   {}{}\n"
                   "help      ecr-local help\n",
                   version, url, url, host, url, url, url, api::admin::console::kConsolePath));
  if (request.method == "HEAD") api::drop_body(response);
  return response;
}

}  // namespace

App::App(const api::ControlPlane& control, const api::registry::RegistryPlane& registry,
         const api::admin::AdminRoutes& admin)
    : control_(control), registry_(registry), admin_(admin), names_(control) {}

// The registry comes first because it has most of the requests.
api::Plane App::plane_of(const api::HttpRequest& head) const {
  if (head.metadata) return api::Plane::kMetadata;
  const std::string_view path = head.path();
  if (api::registry::has(path)) return api::Plane::kRegistry;
  if (path == "/") return api::Plane::kApi;
  // The signed URLs of GetDownloadUrlForLayer, which a client follows without credentials.
  if (api::is_layer_path(path)) return api::Plane::kLayers;
  if (metadata_ != nullptr && api::metadata::is_container_path(path)) return api::Plane::kMetadata;
  return admin_.has(path) ? api::Plane::kAdmin : api::Plane::kNone;
}

std::optional<api::HttpResponse> App::admit(api::HttpRequest& head) const {
  api::settle_client(head, control_.settings().trusted_proxies);
  head.plane = plane_of(head);
  if (const auto error = api::check_origin(head)) return refuse(head, *error);
  return std::nullopt;
}

api::Introduction App::identify(const api::HttpRequest& head) const {
  switch (head.plane) {
    case api::Plane::kRegistry:
      return registry_.identify(head);
    case api::Plane::kApi:
      return control_.identify(head);
    case api::Plane::kAdmin:
      return admin_.identify(head);
    case api::Plane::kLayers:
    case api::Plane::kMetadata:  // its requests have no bodies
    case api::Plane::kNone:
      break;
  }
  return false;
}

BodyPlan App::plan(const api::HttpRequest& head) const {
  switch (head.plane) {
    case api::Plane::kRegistry:
    case api::Plane::kLayers: {
      // Layers: their size has no limit here, because they go to a file as they come.
      const api::registry::RouteRow* const row = api::registry::find_row(head);
      if (row != nullptr) return {row->open != nullptr, row->body_limit};
      if (head.plane == api::Plane::kLayers) break;
      return {false, api::kMaxManifestBytes};
    }
    case api::Plane::kAdmin:
      if (const api::admin::AdminRoute* const route = admin_.find(head)) {
        return {route->take_body != nullptr, route->body_limit};
      }
      break;
    case api::Plane::kApi:
      return {false, control_.body_limit(head)};
    case api::Plane::kMetadata:
      return {false, kMetadataBody};
    case api::Plane::kNone:
      break;
  }
  return {false, api::kBodyLimit};
}

std::optional<api::HttpResponse> App::answer_without_blocking(const api::HttpRequest& head) const {
  if (head.plane == api::Plane::kRegistry) return registry_.answer_without_blocking(head);
  return std::nullopt;
}

api::HttpResponse App::handle(const api::HttpRequest& request) const {
  switch (request.plane) {
    case api::Plane::kRegistry:
      return registry_.handle(request);
    case api::Plane::kLayers:
      return registry_.download(request);
    case api::Plane::kApi:
      if (is_visit(request)) {
        return wants_page(request) ? to_console() : welcome(request, control_.settings().version);
      }
      return control_.handle(request);
    case api::Plane::kAdmin:
      return admin_.handle(request);
    case api::Plane::kMetadata:
      return metadata_->handle(request);
    case api::Plane::kNone:
      break;
  }
  return refuse(request, {api::ErrorCode::kNotFound, "There is nothing at this path"});
}

// Only the paths for which plan() said "streamed" come here.
std::variant<api::HttpResponse, std::unique_ptr<api::BodySink>> App::open(
    const api::HttpRequest& head) const {
  return head.plane == api::Plane::kRegistry ? registry_.open(head) : admin_.open(head);
}

// These refusals come before the operation is known (a body that is too large, an unknown path).
api::HttpResponse App::refuse(const api::HttpRequest& head, const api::ApiError& error) const {
  api::HttpResponse response = head.plane == api::Plane::kRegistry
                                   ? api::registry::error_response(error, head)
                                   : api::error_response(error, form_of(head), head);
  if (head.method == "HEAD") api::drop_body(response);
  return response;
}

api::HttpResponse App::refuse_large_body(const api::HttpRequest& head, std::size_t limit) const {
  return refuse(head, {api::ErrorCode::kRequestTooLarge,
                       base::format("The body is larger than {} bytes", limit)});
}

api::HttpResponse App::refuse_for_memory(const api::HttpRequest& head, std::size_t limit) const {
  return refuse(head,
                {api::ErrorCode::kServiceUnavailable,
                 base::format("Requests of callers who are not authenticated yet may hold {} bytes "
                              "together, and do; try again",
                              limit)});
}

api::HttpResponse App::refuse_failure(const api::HttpRequest& head,
                                      std::exception_ptr failure) const {
  return refuse(head, api::to_api_error(std::move(failure)));
}

// BLOB_UPLOAD_INVALID of the OCI distribution specification.
void App::throw_malformed_body() {
  throw api::ApiError(api::ErrorCode::kBlobUploadInvalid, "the body is not well-formed");
}

}  // namespace ecr::server
