// Image manifests, as pushed with several content types.
#include "api/core/wire/error.h"
#include "api/images/manifest.h"
#include "schemas/model/digest.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::api;
using ecr::fuzz::require;

void check(const std::vector<Descriptor>& descriptors) {
  for (const Descriptor& descriptor : descriptors) {
    require(descriptor.size >= 0, "no size is negative");
  }
}

}  // namespace

ECR_FUZZ_TARGET(manifest) {
  const std::string_view bytes = ecr::fuzz::as_text(data, size);
  for (const std::string_view type :
       {"", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json; charset=utf-8"}) {
    try {
      const Manifest manifest = parse_manifest(bytes, type);
      check(manifest.blobs);
      check(manifest.manifests);
      require(manifest.blob_bytes() >= 0, "no sum is negative");
      require(manifest.index || manifest.manifests.empty(), "only an index has manifests");
      require(!manifest.media_type.empty(), "a manifest has a type");
      require(type.empty() || manifest.media_type == type.substr(0, type.find(';')),
              "a manifest is what its Content-Type says");
    } catch (const ApiError& error) {
      require(
          error.code() == ErrorCode::kManifestInvalid || error.code() == ErrorCode::kSizeInvalid,
          "a manifest is refused as a manifest");
    }
  }
  return 0;
}
