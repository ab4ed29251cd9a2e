// Image manifests: Docker schema 2, manifest lists, OCI images, indexes and artifacts, read only as
// far as a registry must understand them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/model/digest.h"

namespace ecr::api {

inline constexpr std::size_t kMaxManifestBytes = 4u << 20;  // ECR's quota, also distribution's
// The quota of a layer, whichever way it comes. Source: ECR User Guide, "Amazon ECR service
// quotas".
inline constexpr std::uint64_t kMaxLayerBytes = 52'000ull << 20;
// Entries of one list (layers, manifests) and JSON values in all: far past any real image, whose
// layers are at most some hundreds, and little enough that one manifest is quick to read and store.
inline constexpr std::size_t kMaxManifestEntries = 10'000;
inline constexpr std::size_t kMaxManifestValues = 200'000;
inline constexpr std::size_t kMaxMediaTypeCharacters = 127;

struct Descriptor {
  std::string media_type;
  model::Digest digest;
  std::int64_t size = 0;
  bool foreign = false;  // has urls: the bytes may live elsewhere
};

struct Manifest {
  std::string media_type;
  std::string artifact_media_type;    // artifactType, else the config's media type
  bool index = false;                 // a list of manifests
  std::vector<Descriptor> blobs;      // config and layers, as they come
  std::vector<Descriptor> manifests;  // children of an index
  std::optional<model::Digest> subject;
  // Why it is not what its type says, though it can be read; empty: it is. Rows may have such
  // manifests from before they were refused.
  std::string fault;
  // The first media type with parameters ("...; version=0.2") that it names, its artifactType
  // included; empty: it names none.
  std::string parameterized_type;

  std::int64_t blob_bytes() const;  // config and layers
};

// True for "application/" and a name of RFC 6838, at most kMaxMediaTypeCharacters in all.
bool is_manifest_media_type(std::string_view type);

// `content_type` empty: as the body says. Throws ApiError::kManifestInvalid: not JSON, too deep,
// duplicate keys; more than the limits above; a media type that is_manifest_media_type() refuses;
// both layers and manifests (CVE-2021-41190); mediaType other than content_type;
// a descriptor without a digest, or with a negative size.
Manifest parse_manifest(std::string_view bytes, std::string_view content_type);

// For a manifest that comes in. Throws ApiError::kManifestInvalid where it has a fault: no
// schemaVersion 2, an image without layers (an empty list is one), an index without manifests or
// with what an image has, and a manifest whose type neither it nor its sender says.
void require_well_formed(const Manifest& manifest);

// The same as ECR has it: no media type in it may have parameters (containers-roadmap issue 2306,
// sigstore-js issue 1058). OCI's image-spec, too, has types without them (RFC 6838), but registries
// take what clients push, so this is asked under --strict-ecr alone.
void require_plain_types(const Manifest& manifest);

}  // namespace ecr::api
