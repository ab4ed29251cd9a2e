#include "api/images/manifest.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";

[[noreturn]] void refuse(const std::string& why) {
  throw ApiError(ErrorCode::kManifestInvalid, "Invalid image manifest: " + why);
}

// Empty where the member is absent or null; any other type makes the manifest invalid.
std::string optional_string(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) refuse(base::format("{} must be a string", key));
  return found->get<std::string>();
}

Descriptor parse_descriptor(const Json& json, const std::string& where) {
  if (!json.is_object()) refuse(where + " must be a descriptor");
  std::string media_type = optional_string(json, "mediaType");
  auto digest = model::Digest::parse(optional_string(json, "digest"));
  if (!digest) refuse(where + ".digest is not a digest");
  // Sizes are summed up: a negative one, or one past 63 bits, must not reach the sums.
  const auto size = json.find("size");
  if (size == json.end() || !size->is_number_integer() ||
      (size->is_number_unsigned() &&
       size->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) ||
      size->get<std::int64_t>() < 0) {
    refuse(where + ".size must be a number that is not negative");
  }
  const auto urls = json.find("urls");
  // Docker's foreign layers (Windows base images) are not pushed: they have the URLs to get them
  // from.
  const bool foreign = urls != json.end() && urls->is_array() && !urls->empty();
  return {std::move(media_type), std::move(*digest), size->get<std::int64_t>(), foreign};
}

std::vector<Descriptor> parse_descriptors(const Json& list, const std::string& where) {
  if (!list.is_array()) refuse(where + " must be a list");
  if (list.size() > kMaxManifestEntries) {
    refuse(base::format("{} has more than {} entries", where, kMaxManifestEntries));
  }
  std::vector<Descriptor> descriptors;
  descriptors.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    descriptors.push_back(parse_descriptor(list[i], base::format("{}[{}]", where, i)));
  }
  return descriptors;
}

// The limits are checked before and while the text is parsed: what a client pushes must not take
// more memory than its 4 MiB justify.
Json parse_object(std::string_view bytes) {
  if (bytes.size() > kMaxManifestBytes) {
    throw ApiError(ErrorCode::kSizeInvalid, "The manifest is larger than 4 MiB");
  }
  auto json = base::parse_json(
      bytes, {.max_depth = 32, .max_bytes = kMaxManifestBytes, .max_values = kMaxManifestValues});
  if (!json) refuse(json.error().detail);
  if (!json->is_object()) refuse("it must be a JSON object");
  return std::move(*json);
}

// OCI distribution-spec, "Pushing Manifests": a mediaType in the body must match the Content-Type.
// The Content-Type without parameters, against what the body says of itself.
std::string media_type_of(const Json& json, std::string_view content_type) {
  std::string_view sent = content_type.substr(0, content_type.find(';'));
  while (sent.ends_with(' ') || sent.ends_with('\t')) sent.remove_suffix(1);
  const std::string stated = optional_string(json, "mediaType");
  if (!stated.empty() && !sent.empty() && stated != sent) {
    refuse(base::format("mediaType {} is not the Content-Type {}", stated, sent));
  }
  for (const auto& [type, where] :
       {std::pair(std::string_view(stated), "mediaType"), std::pair(sent, "the Content-Type")}) {
    if (type.empty() || is_manifest_media_type(type)) continue;
    refuse(base::format("{} must be a media type application/... of at most {} characters", where,
                        kMaxMediaTypeCharacters));
  }
  if (!stated.empty()) return stated;
  if (!sent.empty()) return std::string(sent);
  // Neither says, which require_well_formed() refuses.
  return std::string(json.contains("manifests") ? kOciIndex : kOciManifest);
}

bool has(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && !found->is_null();
}

// OCI image-spec, "Image Manifest" and "Image Index": which members are REQUIRED; Docker's manifest
// schema 2 has the same. Of other types nothing is known (OCI distribution-spec lets a registry
// store them). Of an index with the members of an image, clients of two kinds read two things
// (CVE-2021-41190).
std::string fault_of(const Json& json, const std::string& type, bool type_given) {
  if (!type_given) return "neither mediaType nor its Content-Type says what it is";
  const bool index = type == kOciIndex || type == kDockerList;
  if (!index && type != kOciManifest && type != kDockerManifest) return {};
  const auto version = json.find("schemaVersion");
  if (version == json.end() || !version->is_number_integer() || *version != 2) {
    return "schemaVersion must be 2";
  }
  if (!index) return has(json, "layers") ? "" : "layers is missing";
  if (!has(json, "manifests")) return "manifests is missing";
  return has(json, "config") || has(json, "layers") ? "an index has neither config nor layers" : "";
}

// The reports are of artifactType and of layers; that it is the same for the other descriptors is
// inferred.
std::string find_parameterized(const Manifest& manifest, const std::optional<Descriptor>& subject) {
  const auto has_parameters = [](const std::string& type) {
    return type.find(';') != std::string::npos;
  };
  if (has_parameters(manifest.artifact_media_type)) return manifest.artifact_media_type;
  for (const auto* list : {&manifest.blobs, &manifest.manifests}) {
    for (const Descriptor& one : *list) {
      if (has_parameters(one.media_type)) return one.media_type;
    }
  }
  return subject && has_parameters(subject->media_type) ? subject->media_type : std::string();
}

}  // namespace

// RFC 6838, section 4.2, "restricted-name", which OCI's image-spec asks of media types
// ("Properties", mediaType). The type becomes a Content-Type: text/html would run in the browser
// that opens the manifest.
bool is_manifest_media_type(std::string_view type) {
  constexpr std::string_view kApplication = "application/";
  if (!type.starts_with(kApplication) || type.size() > kMaxMediaTypeCharacters) return false;
  type.remove_prefix(kApplication.size());
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  constexpr std::string_view kOthers = "!#$&-^_.+";
  return !type.empty() && is_alphanumeric(type.front()) &&
         std::all_of(type.begin(), type.end(), [&](char c) {
           return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
         });
}

std::int64_t Manifest::blob_bytes() const {
  std::int64_t total = 0;
  for (const Descriptor& blob : blobs) {
    if (__builtin_add_overflow(total, blob.size, &total)) return INT64_MAX;
  }
  return total;
}

Manifest parse_manifest(std::string_view bytes, std::string_view content_type) {
  const Json json = parse_object(bytes);
  const auto version = json.find("schemaVersion");
  if (version != json.end() && version->is_number_integer() && version->get<int>() == 1) {
    refuse("schema version 1 is not supported");
  }
  Manifest manifest;
  manifest.media_type = media_type_of(json, content_type);
  const bool type_given = !content_type.empty() || !optional_string(json, "mediaType").empty();
  manifest.fault = fault_of(json, manifest.media_type, type_given);
  const auto layers = json.find("layers");
  const auto manifests = json.find("manifests");
  if (layers != json.end() && manifests != json.end()) {
    // CVE-2021-41190: a document that is both an image and an index means something else to each
    // client.
    refuse("it has both layers and manifests");
  }
  manifest.artifact_media_type = optional_string(json, "artifactType");
  if (const auto config = json.find("config"); config != json.end() && !config->is_null()) {
    manifest.blobs.push_back(parse_descriptor(*config, "config"));
    // OCI image-spec, "Guidelines for Artifact Usage": without artifactType the config's type
    // stands for it.
    if (manifest.artifact_media_type.empty()) {
      manifest.artifact_media_type = manifest.blobs.back().media_type;
    }
  } else if (manifest.media_type == kDockerManifest || manifest.media_type == kOciManifest) {
    refuse("config is missing");
  }
  // "blobs": the OCI artifact manifest of 1.1's release candidates.
  for (const char* key : {"layers", "blobs"}) {
    if (!json.contains(key) || json[key].is_null()) continue;
    for (Descriptor& blob : parse_descriptors(json[key], key)) {
      manifest.blobs.push_back(std::move(blob));
    }
  }
  if (manifests != json.end() && !manifests->is_null()) {
    manifest.index = true;
    manifest.manifests = parse_descriptors(*manifests, "manifests");
  }
  std::optional<Descriptor> subject;
  if (const auto found = json.find("subject"); found != json.end() && !found->is_null()) {
    subject = parse_descriptor(*found, "subject");
  }
  manifest.parameterized_type = find_parameterized(manifest, subject);
  if (subject) manifest.subject = std::move(subject->digest);
  return manifest;
}

void require_well_formed(const Manifest& manifest) {
  if (!manifest.fault.empty()) refuse(manifest.fault);
}

void require_plain_types(const Manifest& manifest) {
  if (manifest.parameterized_type.empty()) return;
  refuse(base::format("the media type {} has parameters", manifest.parameterized_type));
}

}  // namespace ecr::api
