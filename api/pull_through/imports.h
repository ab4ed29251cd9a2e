// Images on their way from an upstream into a repository. A manifest is kept, and served, as soon
// as it is known; it becomes an image, with its tags, when all its blobs and children are there.
// Until then an import is a row (storage/rows/pull_through.h) with a job of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/core/work/jobs.h"
#include "api/images/images.h"
#include "api/pull_through/downloads.h"
#include "storage/rows/pull_through.h"
#include "storage/rows/repositories.h"

namespace ecr::api::pull_through {

// What an upstream has to be asked before an image can be answered for.
struct Question {
  enum class Kind {
    kImport,   // an image that the cache does not have
    kChild,    // of an index that is being imported
    kRefresh,  // what a tag stands for by now; nothing is lost without an answer
  };
  Kind kind = Kind::kImport;
  std::string tag;     // of kImport and kRefresh
  std::string digest;  // of kChild
  Origin origin;
  const std::string& reference() const { return tag.empty() ? digest : tag; }
};

// Where a repository is, and what it is called.
struct Place {
  std::string account;
  std::string region;
  std::string name;
};

struct Lookup {
  std::optional<std::string> stored;       // the digest of the image that the repository has
  std::optional<storage::Import> pending;  // what is being imported comes before it
  std::optional<Question> question;
};
// `repository` null: there is none (yet).
Lookup look_up(const Services& services, storage::sql::Txn& txn, const Place& place,
               const storage::Repository* repository, const ImageIdentifier& id,
               base::TimePoint now);

// Finds the repository or creates it, in a write transaction, for whoever may have that done.
using RequireRepository =
    std::function<storage::Repository(storage::sql::Txn&, base::TimePoint now)>;
// Asks the upstream, and keeps the answer in the repository: an import is begun, or a tag moves to
// an image that is there. A refresh that gets no answer leaves the cached image good for a while.
// Blocks. Throws what `repository` throws, and what the client is to be told of an upstream that
// gives nothing; the event of that is written.
void fetch(const Services& services, const Place& place, const Question& question,
           const RequireRepository& repository);
// As the creation template for pull-through caches says, where there is one.
storage::Repository create_repository(const Services& services, storage::sql::Txn& txn,
                                      const Place& place, base::TimePoint now);

// How to get a blob that an import of the repository needs and the repository lacks.
std::optional<DownloadOrder> wanted_blob(storage::sql::Txn& txn, std::int64_t repository,
                                         const std::string& digest);

// Gets everything that the import needs into the repository. Blocks; throws UpstreamError.
void bring(const Services& services, std::int64_t repository, const std::string& digest);

void run_import(JobCall& call);
inline constexpr JobKind kImport{"pull-through", run_import};

}  // namespace ecr::api::pull_through
