// Rows of what became of the signing of images, one an image and signing profile, and of the key
// that signs. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

struct ImageSigning {
  std::string profile;  // ARN
  std::string status;   // IN_PROGRESS, COMPLETE, FAILED
  std::string failure_code = {};
  std::string failure_reason = {};
};

// Replaces the one of that profile. REQUIRES: the image is there.
void put_image_signing(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                       const ImageSigning& signing);
// By profile.
std::vector<ImageSigning> image_signings(sql::Txn& txn, std::int64_t repository,
                                         std::string_view digest);

struct SigningKey {
  std::string private_key;  // PEM
  std::string certificate;  // PEM
};
std::optional<SigningKey> signing_key(sql::Txn& txn);
// REQUIRES: there is none.
void insert_signing_key(sql::Txn& txn, const SigningKey& key);

}  // namespace ecr::storage
