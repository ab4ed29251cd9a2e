#include "api/images/encryption.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::ecr {

void set_encryption(const nlohmann::json& encryption, storage::Repository& repository) {
  repository.encryption_type = encryption.value("encryptionType", std::string("AES256"));
  repository.kms_key = encryption.value("kmsKey", std::string());
  const bool kms = repository.encryption_type != "AES256";
  if (!kms && !repository.kms_key.empty()) {
    throw ApiError::invalid_parameter("encryptionConfiguration.kmsKey",
                                      "Member must be null for encryption type AES256");
  }
  if (kms && repository.kms_key.empty()) {
    repository.kms_key =
        base::format("arn:{}:kms:{}:{}:alias/aws/ecr", model::partition_of(repository.region),
                     repository.region, repository.account);
  }
}

}  // namespace ecr::api::ecr
