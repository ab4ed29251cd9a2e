// Signatures of pushed images as background work: a job makes the signature with the key of this
// server and stores it as a referrer of the image. Payload: {"repository": id, "digest": "...",
// "profile": ARN}; key: all three.
#pragma once

#include <optional>
#include <string>

#include "api/core/access/gate.h"
#include "api/core/work/jobs.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::signing {

void run_image_signing(JobCall& call);
inline constexpr JobKind kImageSigning{"image-signing", run_image_signing};

// Has every profile of the registry's configuration sign the image, with the permissions of who
// pushed it (signer:SignPayload). Artifacts that refer to an image are not signed.
// REQUIRES: a write transaction.
void sign_pushed_image(const Services& services, const Caller& caller, const RequestFacts& facts,
                       const storage::Repository& repository, const storage::Image& image);

// The certificate of the key that signs, in PEM; nullopt: nothing was signed yet.
std::optional<std::string> signing_certificate(storage::sql::Txn& txn);

}  // namespace ecr::api::signing
