#include "api/registry/route.h"

#include "schemas/base/encoding.h"

namespace ecr::api::registry {
namespace {

constexpr std::string_view kBase = "/v2/";

// Cuts `suffix` off the end of `path`.
bool strip_suffix(std::string_view& path, std::string_view suffix) {
  if (!path.ends_with(suffix)) return false;
  path.remove_suffix(suffix.size());
  return true;
}

// "<name><marker><last>" where <last> has no slash. The marker is looked for from the end: a name
// may contain "blobs" or "manifests" itself (test EveryPathOfTheSpecification).
bool split_at(std::string_view path, std::string_view marker, std::string_view& name,
              std::string_view& last) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  std::string_view head = path.substr(0, slash + 1);
  if (!strip_suffix(head, marker)) return false;
  name = head;
  last = path.substr(slash + 1);
  return true;
}

// A name that is none is refused later (RegistryRequest::require_name()).
Route repository_route(RouteKind kind, std::string_view name, std::string_view reference) {
  Route route{kind, model::RepositoryName::parse(name), std::string(reference)};
  if (!route.name) route.bad_name = name;
  return route;
}

// Uploads come before blobs, because their paths look like those of a blob named "uploads".
std::optional<Route> route_of(std::string_view path) {
  if (path.empty()) return Route{RouteKind::kBase};
  if (path == "_catalog") return Route{RouteKind::kCatalog};
  std::string_view name;
  std::string_view last;
  if (split_at(path, "/blobs/uploads/", name, last)) {
    const RouteKind kind = last.empty() ? RouteKind::kUploads : RouteKind::kUpload;
    return repository_route(kind, name, last);
  }
  if (split_at(path, "/blobs/", name, last)) {
    // Some clients leave out the last slash of ".../blobs/uploads/".
    const RouteKind kind = last == "uploads" ? RouteKind::kUploads : RouteKind::kBlob;
    return repository_route(kind, name, last);
  }
  if (split_at(path, "/manifests/", name, last)) {
    return repository_route(RouteKind::kManifest, name, last);
  }
  if (split_at(path, "/referrers/", name, last)) {
    return repository_route(RouteKind::kReferrers, name, last);
  }
  if (split_at(path, "/tags/", name, last) && last == "list") {
    return repository_route(RouteKind::kTags, name, "");
  }
  return std::nullopt;
}

}  // namespace

bool has(std::string_view path) { return path == "/v2" || path.starts_with(kBase); }

// The path is decoded before it is split, because clients write the ':' of a digest as "%3A" too. A
// zero byte cannot be in any name.
std::optional<Route> parse_route(std::string_view path) {
  if (path == "/v2") return Route{RouteKind::kBase};
  if (!path.starts_with(kBase)) return std::nullopt;
  const auto decoded = base::percent_decode(path.substr(kBase.size()));
  if (!decoded || decoded->find('\0') != std::string::npos) return std::nullopt;
  return route_of(*decoded);
}

}  // namespace ecr::api::registry
