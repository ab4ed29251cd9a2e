// The paths of the Docker Registry HTTP API V2 / OCI Distribution 1.1. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/model/repository_name.h"

namespace ecr::api::registry {

enum class RouteKind {
  kBase,       // /v2/
  kManifest,   // /v2/<name>/manifests/<reference>
  kBlob,       // /v2/<name>/blobs/<digest>
  kUploads,    // /v2/<name>/blobs/uploads/
  kUpload,     // /v2/<name>/blobs/uploads/<uuid>
  kTags,       // /v2/<name>/tags/list
  kReferrers,  // /v2/<name>/referrers/<digest>
  kCatalog,    // /v2/_catalog
  kLayer       // /_layers/..., the signed URLs of layers (layer_download.h)
};

struct Route {
  RouteKind kind;
  // The repository. nullopt: the route has none, or what stands in its place is no name.
  std::optional<model::RepositoryName> name = {};
  std::string reference = {};  // tag, digest or upload id; not checked
  std::string bad_name = {};   // what stands in the place of a name and is none

  // As the path has it, for the logs and the records of calls. Empty: the route has none.
  const std::string& name_text() const { return name ? name->text() : bad_name; }
};

// Whether the path is one of the registry's, if only to say that there is nothing. "/v2" without
// the slash is asked by some clients.
bool has(std::string_view path);
// `path` as it came, percent-encoded. nullopt: no such route, or a bad escape.
std::optional<Route> parse_route(std::string_view path);

}  // namespace ecr::api::registry
