// Cross-repository mounts: a blob that another repository of the registry holds becomes this one's
// too, without its bytes being sent. OCI distribution-spec, "Mounting a blob from another
// repository"; ECR User Guide, "Blob mounting".
#pragma once

#include <optional>
#include <string>

#include "api/registry/session.h"
#include "schemas/model/digest.h"

namespace ecr::api::registry {

struct Mount {
  model::Digest digest;
  std::string from;  // name of the source repository; not checked
};
// "?mount=<digest>&from=<name>"; nullopt: none is asked for (without a source, it is an ordinary
// upload). Throws kDigestInvalid.
std::optional<Mount> wanted_mount(const HttpRequest& request);

// False: the upload goes on as any other. Why is not to be told from outside: the same for a blob
// or repository that does not exist, one the caller may not read, a registry that has mounting
// switched off, and repositories that are encrypted with different keys.
// REQUIRES: a write transaction; the caller may begin an upload to `target`.
bool mount_blob(Session& session, const storage::Repository& target, const Mount& mount);

}  // namespace ecr::api::registry
