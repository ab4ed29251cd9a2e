// Images of a seed: read from directories in the OCI image layout (image-spec, "OCI Image Layout
// Specification"), and put into a repository by the same code as a push.
//
// Two steps, because blobs are large and the seed's transaction must not wait for them:
// import_layout stores the files before it begins, put_layout adds the rows within it. A file that
// gets no row is removed by the sweep, like any other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/admin/seed/layout_files.h"
#include "api/core/services.h"
#include "api/images/manifest.h"
#include "schemas/model/digest.h"
#include "storage/rows/repositories.h"

namespace ecr::api::admin {

struct LayoutManifest {
  std::string bytes;
  model::Digest digest;
  Manifest manifest;  // read from the bytes before the transaction
  std::vector<std::string> tags;
};
struct LayoutBlob {
  model::Digest digest;
  std::int64_t size = 0;
};
// The content of a layout. The manifests are in an order in which they can be pushed: children
// first.
struct Layout {
  std::vector<LayoutBlob> blobs;
  std::vector<LayoutManifest> manifests;
};

// Reads the layout and makes its blobs files of the store. `tags`: what the images of index.json
// are called in the repository; empty: as their annotations org.opencontainers.image.ref.name say.
// `budget`: of all images of the seed. Throws std::runtime_error with a text for the user,
// ApiError, or StorageError.
Layout import_layout(const Services& services, const LayoutFiles& files,
                     const std::vector<std::string>& tags, SeedBudget& budget);

// Adds blobs, manifests and tags. What is there already stays as it is. Throws ApiError as a push
// does.
void put_layout(storage::sql::Txn& txn, storage::Store& store,
                const storage::Repository& repository, const Layout& layout, base::TimePoint now);

}  // namespace ecr::api::admin
