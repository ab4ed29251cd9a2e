// ECR's rules for images in a repository, the same for the API and for docker push: what may be
// put, what a tag may do, what deleting means. Works on the rows; the caller has authorized.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/manifest.h"
#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// A manifest as it was sent, hashed and read: once, however many tags it gets.
struct SentManifest {
  std::string_view bytes;
  model::Digest digest;
  Manifest manifest;
};
// `media_type` empty: as the manifest says. `digest` empty: whatever it is. Throws
// ImageDigestDoesNotMatch, or what parse_manifest throws.
SentManifest read_sent(std::string_view bytes, std::string_view media_type,
                       std::string_view digest);

struct PutImageResult {
  storage::Image image;
  bool known = false;      // the repository had the manifest already
  bool unchanged = false;  // ... under this tag too (or no tag was asked for)
};

// Under `tag`, or without one where it is empty. Throws LayersNotFound, ReferencedImagesNotFound,
// ImageTagAlreadyExists, LimitExceeded (tags of the image). That nothing changed is not an error
// here: each plane decides.
PutImageResult put_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const SentManifest& sent, std::string_view tag, base::TimePoint now);

// True where the repository's mutability setting lets an existing tag point elsewhere.
bool tag_may_move(const storage::Repository& repository, std::string_view tag);

struct ImageIdentifier {
  std::string digest;  // empty: not given
  std::string tag;     // empty: not given
};
// The digest that an identifier names; nullopt: no such image (or the tag names another digest).
std::optional<std::string> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                         const ImageIdentifier& id);

// Takes a tag away; the image goes with its last tag. REQUIRES: the tag exists.
void delete_image_tag(storage::sql::Txn& txn, std::int64_t repository, std::string_view tag,
                      std::string_view digest, base::TimePoint now);

}  // namespace ecr::api
