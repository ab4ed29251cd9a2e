#include "api/registry/route_table.h"

#include "api/core/access/operation.h"
#include "api/images/layer_url.h"
#include "api/images/manifest.h"
#include "api/registry/layer_download.h"

namespace ecr::api::registry {
namespace {

constexpr auto kRead = storage::sql::Access::kRead;
constexpr auto kWrite = storage::sql::Access::kWrite;

// No route but the push of a manifest has a body. A client that sends a small one all the same is
// not refused for it.
constexpr std::uint64_t kSmallBody = 64 << 10;

// The reads that clients send most are quick, and the rest is not.
constexpr RouteRow kRoutes[] = {
    {RouteKind::kBase, "GET", "GetBase", kRead, false, kSmallBody, get_base, nullptr},
    {RouteKind::kManifest, "GET", "GetManifest", kRead, true, kSmallBody, get_manifest, nullptr},
    {RouteKind::kManifest, "HEAD", "HeadManifest", kRead, true, kSmallBody, get_manifest, nullptr},
    {RouteKind::kManifest, "PUT", "PutManifest", kWrite, false, kMaxManifestBytes, put_manifest,
     nullptr, decode_manifest},
    {RouteKind::kManifest, "DELETE", "DeleteManifest", kWrite, false, kSmallBody, delete_manifest,
     nullptr},
    {RouteKind::kBlob, "GET", "GetBlob", kRead, false, kSmallBody, get_blob, nullptr},
    {RouteKind::kBlob, "HEAD", "HeadBlob", kRead, true, kSmallBody, get_blob, nullptr},
    {RouteKind::kBlob, "DELETE", "DeleteBlob", kWrite, false, kSmallBody, delete_blob, nullptr},
    {RouteKind::kUploads, "POST", "StartUpload", kWrite, false, 0, nullptr, start_upload},
    {RouteKind::kUpload, "GET", "GetUpload", kRead, false, kSmallBody, upload_status, nullptr},
    {RouteKind::kUpload, "PATCH", "PatchUpload", kRead, false, 0, nullptr, continue_upload},
    {RouteKind::kUpload, "PUT", "PutUpload", kRead, false, 0, nullptr, continue_upload},
    {RouteKind::kUpload, "DELETE", "DeleteUpload", kWrite, false, kSmallBody, cancel_upload,
     nullptr},
    {RouteKind::kTags, "GET", "ListTags", kRead, false, kSmallBody, list_tags, nullptr},
    {RouteKind::kReferrers, "GET", "ListReferrers", kRead, false, kSmallBody, list_referrers,
     nullptr},
    {RouteKind::kCatalog, "GET", "ListRepositories", kRead, false, kSmallBody, list_repositories,
     nullptr},
    {RouteKind::kLayer, "GET", "GetLayer", kRead, false, kBodyLimit, nullptr, nullptr, nullptr,
     serve_layer},
};

const RouteRow* find_exactly(RouteKind kind, std::string_view method) {
  for (const RouteRow& row : kRoutes) {
    if (row.kind == kind && row.method == method) return &row;
  }
  return nullptr;
}

}  // namespace

std::span<const RouteRow> route_table() { return kRoutes; }

const RouteRow* find_row(RouteKind kind, std::string_view method) {
  const RouteRow* const row = find_exactly(kind, method);
  return row == nullptr && method == "HEAD" ? find_exactly(kind, "GET") : row;
}

const RouteRow* find_row(const HttpRequest& head) {
  if (is_layer_path(head.path())) return find_row(RouteKind::kLayer, head.method);
  const auto route = parse_route(head.path());
  return route ? find_row(route->kind, head.method) : nullptr;
}

std::string allowed_methods(RouteKind kind) {
  std::string methods;
  for (const RouteRow& row : kRoutes) {
    if (row.kind != kind || row.method == "HEAD") continue;
    if (!methods.empty()) methods += ", ";
    methods += row.method;
    if (row.method == "GET") methods += ", HEAD";
  }
  return methods;
}

}  // namespace ecr::api::registry
