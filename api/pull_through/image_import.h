// Imports: images on their way from an upstream into a repository. A manifest is kept, and served,
// as soon as it is known; it becomes an image, with its tags, when all its blobs and children are
// there. Until then an import is a row (storage/rows/pull_through.h) with a job of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/core/services.h"
#include "api/images/images.h"
#include "api/images/repository_creation.h"
#include "api/pull_through/downloads.h"
#include "storage/rows/pull_through.h"
#include "storage/rows/repositories.h"

namespace ecr::api::pull_through {

// A question to an upstream that has to be answered before the cache can answer for an image.
struct UpstreamQuery {
  enum class Kind {
    kImport,   // an image that the cache does not have
    kChild,    // of an index that is being imported
    kRefresh,  // which image a tag stands for by now; the cached one is served without an answer
  };
  Kind kind = Kind::kImport;
  std::string tag;                      // of kImport and kRefresh
  std::optional<model::Digest> digest;  // of kChild
  Origin origin;
  const std::string& reference() const { return digest ? digest->text() : tag; }
};

struct Lookup {
  std::optional<model::Digest> stored;     // the digest of the image that the repository has
  std::optional<storage::Import> pending;  // an import under way; it is newer than `stored`
  std::optional<UpstreamQuery> query;
};
// How to answer a pull of `id`. `repository` null: there is none (yet).
Lookup look_up(const Services& services, storage::sql::Txn& txn, const RepositoryKey& key,
               const storage::Repository* repository, const ImageIdentifier& id,
               base::TimePoint now);

// Finds the repository or creates it, in a write transaction, after checking that the caller may do
// so.
using RequireRepository =
    std::function<storage::Repository(storage::sql::Txn&, base::TimePoint now)>;
// Asks the upstream, and keeps the answer in the repository: an import is begun, or a tag moves to
// an image that is there. A refresh that gets no answer leaves the cached image good for a while.
// Blocks. Throws what `repository` throws, and ApiError with the client's answer where the upstream
// gives nothing; the event of that failure is written.
void fetch_manifest(const Services& services, const RepositoryKey& key, const UpstreamQuery& query,
                    const RequireRepository& repository);
// With the settings of the creation template for pull-through caches, where there is one.
storage::Repository create_repository(const Services& services, storage::sql::Txn& txn,
                                      const RepositoryKey& key, base::TimePoint now);

// How to get a blob that some import of the repository needs; nullopt: none needs it.
std::optional<DownloadRequest> wanted_blob(storage::sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest);

// Gets everything that the import needs into the repository. Blocks; throws UpstreamError.
void download_import(const Services& services, std::int64_t repository,
                     const model::Digest& digest);

}  // namespace ecr::api::pull_through
