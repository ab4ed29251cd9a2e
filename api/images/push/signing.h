// Signatures of pushed images: the registry's configuration (PutSigningConfiguration), which says
// which signing profiles sign pushes to which repositories, and the jobs that sign. A job makes the
// signature with the key of this server and stores it as a referrer of the image. Its payload:
// {"repository": id, "digest":
// "...", "profile": ARN}; key: all three. Stateless functions on the rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/gate.h"
#include "api/core/background/jobs.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::api::signing {

struct Rule {
  std::string profile;               // ARN of an AWS Signer signing profile
  std::vector<std::string> filters;  // '*': any run of characters; none: every repository
};

// nullopt: there is none.
std::optional<std::vector<Rule>> configuration_of(storage::sql::Txn& txn,
                                                  const model::RegistryId& registry);
void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const std::optional<std::vector<Rule>>& rules);

// Profiles of the rules that are about the repository, each once, in order.
std::vector<std::string> profiles_for(const std::vector<Rule>& rules,
                                      const model::RepositoryName& repository);

void run_image_signing(JobAttempt& attempt);
inline constexpr JobKind kImageSigning{"image-signing", run_image_signing};

// Has every profile of the registry's configuration sign the image, with the permissions of
// the caller that pushed it (signer:SignPayload). Artifacts that refer to an image are not signed.
// REQUIRES: a write transaction.
void sign_pushed_image(const Request& request, const storage::Repository& repository,
                       const storage::Image& image);

// The certificate of the key that signs, in PEM; nullopt: nothing was signed yet.
std::optional<std::string> signing_certificate(storage::sql::Txn& txn);

}  // namespace ecr::api::signing
