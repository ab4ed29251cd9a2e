// Cross-repository mounts. OCI distribution-spec, "Mounting a blob from another repository"; ECR
// User Guide, "Blob mounting".

#include "api/core/access/target.h"
#include "api/core/account_settings.h"
#include "api/core/wire/error.h"
#include "api/registry/handlers.h"
#include "storage/rows/blobs.h"
#include "storage/rows/pull_through.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"

namespace ecr::api::registry {
namespace {

// The account setting BLOB_MOUNTING, where it was put (test
// TheAccountSettingSwitchesMountsOffAndOn). Where it was not, the specification's behaviour and
// ECR's differ: the specification has no such switch, ECR's is off by default (test
// NothingIsMounted, strict).
bool mounting_is_on(const RegistryRequest& request) {
  const auto set = storage::registry_setting(request.txn, request.registry, kBlobMounting);
  return set ? *set == "ENABLED" : !request.core.settings.strict_ecr;
}

// The caller must be able to read the blob at its source: ecr:GetDownloadUrlForLayer on the source
// repository (reported by the author of a client; AWS does not document it).
bool may_read_source(RegistryRequest& request, const model::RepositoryName& name,
                     const storage::Repository* source) {
  if (request.core.settings.enforcement != Enforcement::kEnforce) return true;
  const Target target =
      make_repository_target(request, "ecr:GetDownloadUrlForLayer", request.registry, name, source);
  return is_allowed(request, target);
}

// ECR mounts only between repositories with the same encryption type and key.
bool same_encryption(const storage::Repository& a, const storage::Repository& b) {
  return a.encryption_type == b.encryption_type && a.kms_key == b.kms_key;
}

// ECR mounts nothing from images of a pull-through cache (ECR User Guide, "Blob mounting"). Every
// image that a cache fetches is asked for by a tag, which stays with its repository. That the whole
// repository counts is inferred.
bool is_cache(RegistryRequest& request, std::int64_t repository) {
  return storage::has_cached_tags(request.txn, repository);
}

// ECR mounts what an image of the source has; for a blob that no manifest names yet it begins an
// upload (containers-roadmap issue 2860; test ABlobThatNoImageNamesIsNotMounted). The specification
// knows no such difference.
bool may_be_mounted(RegistryRequest& request, std::int64_t repository,
                    const model::Digest& digest) {
  const bool named = storage::blob_is_in_use(request.txn, repository, digest);
  return named || !request.core.settings.strict_ecr;
}

}  // namespace

std::optional<Mount> wanted_mount(const HttpRequest& request) {
  const auto text = query_value(request.query(), "mount");
  const auto from = query_value(request.query(), "from");
  // Some clients (regctl) send "mount" without "from": an ordinary upload is a right answer to it.
  if (!text || !from) return std::nullopt;
  auto digest = model::Digest::parse(*text);
  if (!digest) throw ApiError(ErrorCode::kDigestInvalid, "The digest is not valid");
  auto name = model::RepositoryName::parse(*from);
  if (!name) return std::nullopt;
  return Mount{std::move(*digest), std::move(*name)};
}

// Every look-up is made whatever the one before it found, so that the time of the answer does not
// tell whether a repository of that name exists either.
bool mount_blob(RegistryRequest& request, const storage::Repository& target, const Mount& mount) {
  if (!mounting_is_on(request)) return false;
  const auto source = storage::find_repository(request.txn, request.registry, mount.from);
  const bool readable = may_read_source(request, mount.from, source ? &*source : nullptr);
  const std::int64_t id = source ? source->id : 0;
  const auto size = storage::find_blob(request.txn, id, mount.digest);
  const bool wanted = may_be_mounted(request, id, mount.digest) && !is_cache(request, id);
  if (!source || !readable || !size || !wanted || !same_encryption(*source, target)) return false;
  storage::add_blob(request.txn, target.id, mount.digest, *size, request.now);
  return true;
}

}  // namespace ecr::api::registry
