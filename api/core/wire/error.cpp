#include "api/core/wire/error.h"

#include "schemas/base/text.h"
#include "storage/os/error.h"

namespace ecr::api {
namespace {

std::string null_or(std::string_view text) { return text.empty() ? "null" : std::string(text); }

// Most of ECR's sentences end like this, but "in registry with id" (without "the") stands in some.
std::string in_registry(const model::RepositoryName& name, std::string_view account) {
  return base::format("the repository with name '{}' in the registry with id '{}'", name.text(),
                      account);
}

}  // namespace

ApiError ApiError::with_header(std::string name, std::string value) && {
  headers_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

ApiError ApiError::with_member(std::string name, Member value) && {
  members_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

// The status is ECR's 400 in AWS JSON, although ECR's user guide heads the error "HTTP 403":
// clients' logs show 400 (the ECS agent's, among others). On /v2/ it is 403 with the code DENIED.
ApiError ApiError::access_denied(std::string sentence) {
  return {ErrorCode::kAccessDenied, std::move(sentence)};
}

// Captured from ECR for patterns, enumerations, absent members and lengths; used for every other
// constraint.
ApiError ApiError::invalid_parameter(std::string_view field, std::string_view constraint) {
  return {ErrorCode::kInvalidParameter,
          base::format("Invalid parameter at '{}' failed to satisfy constraint: '{}'", field,
                       constraint)};
}

ApiError ApiError::serialization(std::string message) {
  return {ErrorCode::kSerialization, std::move(message)};
}

ApiError ApiError::unknown_operation(std::string message) {
  return {ErrorCode::kUnknownOperation, std::move(message)};
}

// The sentences of repository_not_found, repository_already_exists, repository_policy_not_found,
// lifecycle_policy_not_found and image_not_found are captured from ECR. The others are those that
// another emulator's tests assert, where no other comment stands.
ApiError ApiError::repository_not_found(std::string_view account,
                                        const model::RepositoryName& name) {
  return {ErrorCode::kRepositoryNotFound,
          base::format("The repository with name '{}' does not exist in the registry with id '{}'",
                       name.text(), account)};
}

ApiError ApiError::repository_already_exists(std::string_view account,
                                             const model::RepositoryName& name) {
  return {ErrorCode::kRepositoryAlreadyExists,
          base::format("The repository with name '{}' already exists in the registry with id '{}'",
                       name.text(), account)};
}

ApiError ApiError::repository_not_empty(std::string_view account,
                                        const model::RepositoryName& name) {
  return {ErrorCode::kRepositoryNotEmpty,
          base::format("The repository with name '{}' in registry with id '{}' cannot be deleted "
                       "because it still contains images",
                       name.text(), account)};
}

ApiError ApiError::repository_policy_not_found(std::string_view account,
                                               const model::RepositoryName& name) {
  return {ErrorCode::kRepositoryPolicyNotFound,
          "Repository policy does not exist for " + in_registry(name, account)};
}

ApiError ApiError::lifecycle_policy_not_found(std::string_view account,
                                              const model::RepositoryName& name) {
  return {ErrorCode::kLifecyclePolicyNotFound,
          "Lifecycle policy does not exist for " + in_registry(name, account)};
}

// ECR's wording of this and the next is not published; only the type is certain.
ApiError ApiError::lifecycle_preview_not_found(std::string_view account,
                                               const model::RepositoryName& name) {
  return {ErrorCode::kLifecyclePolicyPreviewNotFound,
          "Lifecycle policy preview does not exist for " + in_registry(name, account)};
}

ApiError ApiError::lifecycle_preview_in_progress(std::string_view account,
                                                 const model::RepositoryName& name) {
  return {ErrorCode::kLifecyclePolicyPreviewInProgress,
          "A lifecycle policy preview is in progress for " + in_registry(name, account)};
}

ApiError ApiError::registry_policy_not_found(std::string_view account) {
  return {ErrorCode::kRegistryPolicyNotFound,
          base::format("Registry policy does not exist in the registry with id '{}'", account)};
}

// Captured from ECR: a part of the id that was not given is printed as the word null in quotes.
ApiError ApiError::image_not_found(std::string_view account, const model::RepositoryName& name,
                                   std::string_view digest, std::string_view tag) {
  return {ErrorCode::kImageNotFound,
          base::format("The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist "
                       "within {}",
                       null_or(digest), null_or(tag), in_registry(name, account))};
}

ApiError ApiError::image_already_exists(std::string_view account, const model::RepositoryName& name,
                                        std::string_view digest, std::string_view tag) {
  return {ErrorCode::kImageAlreadyExists,
          base::format("Image with digest '{}' and tag '{}' already exists in the repository with "
                       "name '{}' in registry with id '{}'",
                       digest, null_or(tag), name.text(), account)};
}

// Captured from many clients (docker prints "tag invalid: ..."). Until about May 2025 it ended
// "because the repository is immutable."; clients match on the text.
ApiError ApiError::image_tag_already_exists(const model::RepositoryName& name,
                                            std::string_view tag) {
  return {ErrorCode::kImageTagAlreadyExists,
          base::format("The image tag '{}' already exists in the '{}' repository and cannot be "
                       "overwritten because the tag is immutable.",
                       tag, name.text())};
}

// ECR's wording is not published; only the type is certain.
ApiError ApiError::image_digest_does_not_match(std::string_view given, std::string_view actual) {
  return {ErrorCode::kImageDigestDoesNotMatch,
          base::format("The image digest '{}' does not match the digest of the image manifest '{}'",
                       given, actual)};
}

// Both are published (int128/docker-manifest-create-action issue 63, sigstore/cosign issue 5031).
// On /v2/ ECR has the code BLOB_UPLOAD_UNKNOWN for layers and MANIFEST_BLOB_UNKNOWN for images.
ApiError ApiError::layers_not_found(std::string_view account, const model::RepositoryName& name,
                                    const std::vector<std::string>& digests) {
  return {ErrorCode::kLayersNotFound,
          base::format("Layers with digests '[{}]' required for pushing image into repository with "
                       "name '{}' in the registry with id '{}' do not exist",
                       base::join(digests, ", "), name.text(), account)};
}

ApiError ApiError::referenced_images_not_found(std::string_view account,
                                               const model::RepositoryName& name,
                                               const std::vector<std::string>& digests) {
  return {ErrorCode::kReferencedImagesNotFound,
          base::format("Images with digests '[{}]' required for pushing image into repository with "
                       "name '{}' in the registry with id '{}' do not exist",
                       base::join(digests, ", "), name.text(), account)};
}

ApiError to_api_error(const std::exception_ptr& failure) {
  using Kind = storage::StorageError::Kind;
  try {
    std::rethrow_exception(failure);
  } catch (const ApiError& error) {
    return error;
  } catch (const storage::StorageError& error) {
    switch (error.kind()) {
      case Kind::kNoSpace:
        return {ErrorCode::kServiceUnavailable, "The data directory has no space left"};
      case Kind::kReadOnly:
      case Kind::kUnavailable:
        return {ErrorCode::kServiceUnavailable,
                std::string("The data directory cannot be written: ") + error.what()};
      default:
        return {ErrorCode::kServer, std::string("Storage failed: ") + error.what()};
    }
  } catch (const std::exception&) {
    return {ErrorCode::kServer, "The service has encountered an internal failure"};
  }
}

}  // namespace ecr::api
