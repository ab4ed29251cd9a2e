// The images of a repository and ECR's rules for them, the same for the API and for docker: which
// manifests may be put, where tags may point, what deleting removes, what a pull leaves behind,
// which artifacts refer to an image. Stateless functions on the rows; the caller has been
// authorized.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/access/request.h"
#include "api/core/services.h"
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
SentManifest read_sent_manifest(std::string_view bytes, std::string_view media_type,
                                std::string_view digest);

// The same of a push, before its transaction; the manifest must be well-formed, too. What it throws
// is kept for get(), which runs once the caller is authorized. Borrows `bytes`.
class EarlyManifest {
 public:
  EarlyManifest(std::string_view bytes, std::string_view media_type, std::string_view digest);
  // Throws what read_sent_manifest or require_well_formed threw.
  const SentManifest& get() const;

 private:
  std::shared_ptr<const SentManifest> sent_;
  std::exception_ptr failure_;
};

struct PutImageResult {
  explicit PutImageResult(storage::Image image_) : image(std::move(image_)) {}
  storage::Image image;
  bool known = false;      // the repository had the manifest already
  bool unchanged = false;  // ... under this tag too (or no tag was asked for)
};

// Under `tag`, or without one where it is empty. Throws LayersNotFound, ReferencedImagesNotFound,
// ImageTagAlreadyExists, LimitExceeded (tags of the image, levels of indexes). That nothing changed
// is not an error here: each plane decides.
PutImageResult put_image(storage::sql::Txn& txn, const storage::Repository& repository,
                         const SentManifest& sent, std::string_view tag, base::TimePoint now);

// True where the repository's mutability setting lets an existing tag point elsewhere.
bool tag_may_move(const storage::Repository& repository, std::string_view tag);

struct ImageIdentifier {
  std::optional<model::Digest> digest;  // nullopt: not given
  std::string tag;                      // empty: not given
};
// The digest that an identifier names; nullopt: no such image (or the tag names another digest).
std::optional<model::Digest> resolve_image(storage::sql::Txn& txn, std::int64_t repository,
                                           const ImageIdentifier& id);

// Takes a tag away; the image goes with its last tag. REQUIRES: the tag exists.
void delete_image_tag(storage::sql::Txn& txn, std::int64_t repository, std::string_view tag,
                      const model::Digest& digest, base::TimePoint now);

// --- Pulls leave a time behind, which DescribeImages and lifecycle rules see: the same for
// BatchGetImage and for docker pull.

// True where the time noted last is not recent, so that a pull now is to be noted.
bool pull_is_due(const storage::Image& image, base::TimePoint now);

// Returns the function that notes that the request's caller pulled `images`, to be run after the
// answer's own (read) transaction; a power loss may take the note. Empty where there is nothing to
// note: the time noted last is recent, or the caller is excluded (RegisterPullTimeUpdateExclusion).
std::function<void()> record_pulls(const Request& request, const storage::Repository& repository,
                                   const std::vector<storage::Image>& images);

// --- The artifacts (signatures, SBOMs, ...) whose subject is an image, the same for
// ListImageReferrers and for /v2/.../referrers/.

struct Referrer {
  model::Digest digest;
  std::string media_type;
  std::string artifact_type;  // may be empty
  std::int64_t size = 0;      // of its manifest
  // The annotations of its manifest: strings by their specification; any other value is left out.
  std::vector<std::pair<std::string, std::string>> annotations = {};
};

struct ReferrerPage {
  std::vector<Referrer> referrers;
  bool more = false;  // others come after the last of these
};

// By digest, after `after` (exclusive): at most `limit`, and fewer (but one at least) where their
// manifests together are larger than one may be, so that neither the page nor the work for it grows
// with what was pushed. One manifest at a time is in memory. `artifact_types` as in
// storage/rows/image_listing.h.
ReferrerPage read_referrers(storage::sql::Txn& txn, std::int64_t repository,
                            const model::Digest& subject,
                            const std::vector<std::string>& artifact_types, std::string_view after,
                            std::int64_t limit);

}  // namespace ecr::api
