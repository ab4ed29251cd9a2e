// What is inside an image: its manifest and its config, read only as far as people look at them.
// Both come from strangers: nothing in them is trusted to have its shape.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/core/services.h"
#include "schemas/base/json.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::inventory {

// [{"os", "architecture", "variant"?, "digest"?: of an index's image, "size"?, "mediaType"?}]:
// of the images that an index names, or the image's own.
base::OrderedJson platforms_of(const Services& services, storage::sql::Txn& txn,
                               std::int64_t repository, const model::Digest& digest);

// True for artifacts of Notary Project and cosign.
bool is_signature_type(std::string_view artifact_type);

// Adds "manifest", "config", "layers", "referrers", "scan", "replication", "lifecycle", "policy".
void add_details(const Services& services, storage::sql::Txn& txn,
                 const storage::Repository& repository, const storage::Image& image,
                 base::OrderedJson& json);

}  // namespace ecr::api::admin::inventory
