#include "api/core/wire/error.h"

#include <stdexcept>

#include "schemas/base/text.h"

namespace ecr::api {
namespace {

struct Row {
  ErrorCode code;
  ErrorNames names;
};

// ECR answers 400 to every modelled client error, access denied included (captured from the ECS
// agent's log); IAM and STS answer 403 to what is not authorized. OCI codes: distribution-spec,
// "Error Codes"; statuses as the reference registry has them.
constexpr Row kRows[] = {
    {ErrorCode::kAccessDenied, {"AccessDeniedException", 400, "AccessDenied", 403, "DENIED", 403}},
    {ErrorCode::kExpiredToken, {"ExpiredTokenException", 400, "ExpiredToken", 403, "DENIED", 403}},
    {ErrorCode::kIncompleteSignature,
     {"IncompleteSignatureException", 400, "IncompleteSignature", 400, "UNAUTHORIZED", 401}},
    {ErrorCode::kInvalidSignature,
     {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403, "UNAUTHORIZED", 401}},
    {ErrorCode::kMissingAuthenticationToken,
     {"MissingAuthenticationTokenException", 400, "MissingAuthenticationToken", 403, "UNAUTHORIZED",
      401}},
    {ErrorCode::kUnrecognizedClient,
     {"UnrecognizedClientException", 400, "InvalidClientTokenId", 403, "UNAUTHORIZED", 401}},
    {ErrorCode::kSerialization,
     {"SerializationException", 400, "MalformedQueryString", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kUnknownOperation,
     {"UnknownOperationException", 400, "InvalidAction", 400, "UNSUPPORTED", 405}},
    {ErrorCode::kServer, {"ServerException", 500, "ServiceFailure", 500, "UNKNOWN", 500}},
    {ErrorCode::kServiceUnavailable,
     {"ServiceUnavailableException", 503, "ServiceUnavailable", 503, "UNKNOWN", 503}},
    {ErrorCode::kRequestTooLarge,
     {"RequestEntityTooLargeException", 413, "RequestEntityTooLarge", 413, "SIZE_INVALID", 413}},
    {ErrorCode::kUnsupportedEncoding,
     {"UnsupportedMediaTypeException", 415, "UnsupportedMediaType", 415, "UNSUPPORTED", 415}},
    {ErrorCode::kValidation,
     {"ValidationException", 400, "ValidationError", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kMalformedPolicyDocument,
     {"MalformedPolicyDocumentException", 400, "MalformedPolicyDocument", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kPackedPolicyTooLarge,
     {"PackedPolicyTooLargeException", 400, "PackedPolicyTooLarge", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kInvalidIdentityToken,
     {"InvalidIdentityTokenException", 400, "InvalidIdentityToken", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kExpiredIdentityToken,
     {"ExpiredTokenException", 400, "ExpiredTokenException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kIdpRejectedClaim,
     {"IDPRejectedClaimException", 403, "IDPRejectedClaim", 403, "UNSUPPORTED", 400}},
    {ErrorCode::kIdpCommunicationError,
     {"IDPCommunicationErrorException", 400, "IDPCommunicationError", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kInvalidAuthorizationMessage,
     {"InvalidAuthorizationMessageException", 400, "InvalidAuthorizationMessageException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kNoSuchEntity,
     {"NoSuchEntityException", 404, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kEntityAlreadyExists,
     {"EntityAlreadyExistsException", 409, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kDeleteConflict,
     {"DeleteConflictException", 409, "DeleteConflict", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kInvalidInput,
     {"InvalidInputException", 400, "InvalidInput", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kUnmodifiableEntity,
     {"UnmodifiableEntityException", 400, "UnmodifiableEntity", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kPolicyNotAttachable,
     {"PolicyNotAttachableException", 400, "PolicyNotAttachable", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kPasswordPolicyViolation,
     {"PasswordPolicyViolationException", 400, "PasswordPolicyViolation", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kInvalidParameter,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kInvalidTagParameter,
     {"InvalidTagParameterException", 400, "InvalidParameterValue", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kTooManyTags, {"TooManyTagsException", 400, "LimitExceeded", 409, "DENIED", 403}},
    {ErrorCode::kLimitExceeded,
     {"LimitExceededException", 400, "LimitExceeded", 409, "DENIED", 403}},
    {ErrorCode::kRepositoryNotFound,
     {"RepositoryNotFoundException", 400, "NoSuchEntity", 404, "NAME_UNKNOWN", 404}},
    {ErrorCode::kRepositoryAlreadyExists,
     {"RepositoryAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kRepositoryNotEmpty,
     {"RepositoryNotEmptyException", 400, "DeleteConflict", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kRepositoryPolicyNotFound,
     {"RepositoryPolicyNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kLifecyclePolicyNotFound,
     {"LifecyclePolicyNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kLifecyclePolicyPreviewNotFound,
     {"LifecyclePolicyPreviewNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kLifecyclePolicyPreviewInProgress,
     {"LifecyclePolicyPreviewInProgressException", 400, "Conflict", 409, "UNSUPPORTED", 409}},
    {ErrorCode::kImageNotFound,
     {"ImageNotFoundException", 400, "NoSuchEntity", 404, "MANIFEST_UNKNOWN", 404}},
    {ErrorCode::kImageAlreadyExists,
     {"ImageAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kImageTagAlreadyExists,
     {"ImageTagAlreadyExistsException", 400, "EntityAlreadyExists", 409, "TAG_INVALID", 400}},
    {ErrorCode::kImageDigestDoesNotMatch,
     {"ImageDigestDoesNotMatchException", 400, "InvalidParameterValue", 400, "DIGEST_INVALID",
      400}},
    {ErrorCode::kLayersNotFound,
     {"LayersNotFoundException", 400, "NoSuchEntity", 404, "MANIFEST_BLOB_UNKNOWN", 400}},
    {ErrorCode::kReferencedImagesNotFound,
     {"ReferencedImagesNotFoundException", 400, "NoSuchEntity", 404, "MANIFEST_BLOB_UNKNOWN", 400}},
    {ErrorCode::kRegistryPolicyNotFound,
     {"RegistryPolicyNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kExclusionAlreadyExists,
     {"ExclusionAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kExclusionNotFound,
     {"ExclusionNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kInvalidLayer,
     {"InvalidLayerException", 400, "InvalidParameterValue", 400, "DIGEST_INVALID", 400}},
    {ErrorCode::kInvalidLayerPart,
     {"InvalidLayerPartException", 400, "InvalidParameterValue", 400, "BLOB_UPLOAD_INVALID", 416}},
    {ErrorCode::kLayerPartTooSmall,
     {"LayerPartTooSmallException", 400, "InvalidParameterValue", 400, "SIZE_INVALID", 400}},
    {ErrorCode::kLayerAlreadyExists,
     {"LayerAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kLayerNotFound,
     {"LayersNotFoundException", 400, "NoSuchEntity", 404, "BLOB_UNKNOWN", 404}},
    {ErrorCode::kEmptyUpload,
     {"EmptyUploadException", 400, "InvalidParameterValue", 400, "BLOB_UPLOAD_INVALID", 400}},
    {ErrorCode::kScanNotFound,
     {"ScanNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kUnsupportedImageType,
     {"UnsupportedImageTypeException", 400, "InvalidParameterValue", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kImageArchived,
     {"ImageArchivedException", 400, "InvalidParameterValue", 400, "MANIFEST_UNKNOWN", 404}},
    {ErrorCode::kStorageClassNotSupported,
     {"ImageStorageClassUpdateNotSupportedException", 400, "InvalidParameterValue", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kTemplateAlreadyExists,
     {"TemplateAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kTemplateNotFound,
     {"TemplateNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kSigningConfigurationNotFound,
     {"SigningConfigurationNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kPullThroughRuleAlreadyExists,
     {"PullThroughCacheRuleAlreadyExistsException", 400, "EntityAlreadyExists", 409, "UNSUPPORTED",
      400}},
    {ErrorCode::kPullThroughRuleNotFound,
     {"PullThroughCacheRuleNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kUnsupportedUpstreamRegistry,
     {"UnsupportedUpstreamRegistryException", 400, "InvalidInput", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kSecretNotFound,
     {"SecretNotFoundException", 400, "NoSuchEntity", 404, "UNSUPPORTED", 400}},
    {ErrorCode::kUnableToAccessSecret,
     {"UnableToAccessSecretException", 400, "AccessDenied", 403, "UNSUPPORTED", 400}},
    {ErrorCode::kUnableToDecryptSecret,
     {"UnableToDecryptSecretValueException", 400, "AccessDenied", 403, "UNSUPPORTED", 400}},
    // What the registry plane answers is not published: as a gateway that gets no answer.
    {ErrorCode::kUnableToGetUpstreamImage,
     {"UnableToGetUpstreamImageException", 400, "ServiceUnavailable", 503, "UNKNOWN", 502}},
    {ErrorCode::kUnableToGetUpstreamLayer,
     {"UnableToGetUpstreamLayerException", 400, "ServiceUnavailable", 503, "UNKNOWN", 502}},
    {ErrorCode::kBlobUnknown,
     {"LayerInaccessibleException", 400, "NoSuchEntity", 404, "BLOB_UNKNOWN", 404}},
    {ErrorCode::kBlobUploadUnknown,
     {"UploadNotFoundException", 400, "NoSuchEntity", 404, "BLOB_UPLOAD_UNKNOWN", 404}},
    {ErrorCode::kBlobUploadInvalid,
     {"InvalidLayerException", 400, "InvalidParameterValue", 400, "BLOB_UPLOAD_INVALID", 400}},
    {ErrorCode::kRangeNotSatisfiable,
     {"InvalidLayerPartException", 400, "InvalidParameterValue", 400, "BLOB_UPLOAD_INVALID", 416}},
    {ErrorCode::kUploadBusy,
     {"InvalidLayerPartException", 400, "InvalidParameterValue", 400, "BLOB_UPLOAD_INVALID", 409}},
    {ErrorCode::kDigestInvalid,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "DIGEST_INVALID", 400}},
    {ErrorCode::kNameInvalid,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "NAME_INVALID", 400}},
    {ErrorCode::kTagNameInvalid,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "TAG_INVALID", 400}},
    {ErrorCode::kManifestInvalid,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "MANIFEST_INVALID", 400}},
    {ErrorCode::kSizeInvalid,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "SIZE_INVALID", 413}},
    {ErrorCode::kUnauthorized,
     {"UnrecognizedClientException", 400, "InvalidClientTokenId", 403, "UNAUTHORIZED", 401}},
    {ErrorCode::kUnsupported,
     {"UnknownOperationException", 400, "InvalidAction", 400, "UNSUPPORTED", 405}},
    {ErrorCode::kNotFound,
     {"UnknownOperationException", 404, "InvalidAction", 404, "UNSUPPORTED", 404}},
    {ErrorCode::kBadQuery,
     {"InvalidParameterException", 400, "InvalidParameterValue", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kImageInUse,
     {"InvalidParameterException", 400, "DeleteConflict", 409, "UNSUPPORTED", 400}},
    {ErrorCode::kBlobInUse,
     {"InvalidParameterException", 400, "DeleteConflict", 409, "UNSUPPORTED", 405}},
    {ErrorCode::kOrganizationsNotInUse,
     {"AWSOrganizationsNotInUseException", 400, "AWSOrganizationsNotInUseException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kAlreadyInOrganization,
     {"AlreadyInOrganizationException", 400, "AlreadyInOrganizationException", 400, "UNSUPPORTED",
      400}},
    {ErrorCode::kOrganizationsInvalidInput,
     {"InvalidInputException", 400, "InvalidInputException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kConstraintViolation,
     {"ConstraintViolationException", 400, "ConstraintViolationException", 400, "UNSUPPORTED",
      400}},
    {ErrorCode::kParentNotFound,
     {"ParentNotFoundException", 400, "ParentNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kSourceParentNotFound,
     {"SourceParentNotFoundException", 400, "SourceParentNotFoundException", 400, "UNSUPPORTED",
      400}},
    {ErrorCode::kDestinationParentNotFound,
     {"DestinationParentNotFoundException", 400, "DestinationParentNotFoundException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kChildNotFound,
     {"ChildNotFoundException", 400, "ChildNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kAccountNotFound,
     {"AccountNotFoundException", 400, "AccountNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kDuplicateAccount,
     {"DuplicateAccountException", 400, "DuplicateAccountException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kCreateAccountStatusNotFound,
     {"CreateAccountStatusNotFoundException", 400, "CreateAccountStatusNotFoundException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kOrganizationalUnitNotFound,
     {"OrganizationalUnitNotFoundException", 400, "OrganizationalUnitNotFoundException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kDuplicateOrganizationalUnit,
     {"DuplicateOrganizationalUnitException", 400, "DuplicateOrganizationalUnitException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kRootNotFound,
     {"RootNotFoundException", 400, "RootNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kTargetNotFound,
     {"TargetNotFoundException", 400, "TargetNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kOrganizationsPolicyNotFound,
     {"PolicyNotFoundException", 400, "PolicyNotFoundException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kDuplicatePolicy,
     {"DuplicatePolicyException", 400, "DuplicatePolicyException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kDuplicatePolicyAttachment,
     {"DuplicatePolicyAttachmentException", 400, "DuplicatePolicyAttachmentException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kPolicyNotAttached,
     {"PolicyNotAttachedException", 400, "PolicyNotAttachedException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kPolicyInUse,
     {"PolicyInUseException", 400, "PolicyInUseException", 400, "UNSUPPORTED", 400}},
    {ErrorCode::kPolicyTypeNotEnabled,
     {"PolicyTypeNotEnabledException", 400, "PolicyTypeNotEnabledException", 400, "UNSUPPORTED",
      400}},
    {ErrorCode::kPolicyTypeAlreadyEnabled,
     {"PolicyTypeAlreadyEnabledException", 400, "PolicyTypeAlreadyEnabledException", 400,
      "UNSUPPORTED", 400}},
    {ErrorCode::kPolicyTypeNotAvailable,
     {"PolicyTypeNotAvailableForOrganizationException", 400,
      "PolicyTypeNotAvailableForOrganizationException", 400, "UNSUPPORTED", 400}},
};

std::string null_or(std::string_view text) { return text.empty() ? "null" : std::string(text); }

std::string in_registry(std::string_view name, std::string_view account) {
  return base::format("the repository with name '{}' in the registry with id '{}'", name, account);
}

}  // namespace

const ErrorNames& names_of(ErrorCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.names;
  }
  throw std::logic_error("an error code without a row");
}

ApiError ApiError::with_header(std::string name, std::string value) && {
  headers_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

ApiError ApiError::with_member(std::string name, Member value) && {
  members_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

ApiError ApiError::access_denied(std::string sentence) {
  return {ErrorCode::kAccessDenied, std::move(sentence)};
}

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

ApiError ApiError::repository_not_found(std::string_view account, std::string_view name) {
  return {ErrorCode::kRepositoryNotFound,
          base::format("The repository with name '{}' does not exist in the registry with id '{}'",
                       name, account)};
}

ApiError ApiError::repository_already_exists(std::string_view account, std::string_view name) {
  return {ErrorCode::kRepositoryAlreadyExists,
          base::format("The repository with name '{}' already exists in the registry with id '{}'",
                       name, account)};
}

ApiError ApiError::repository_not_empty(std::string_view account, std::string_view name) {
  return {ErrorCode::kRepositoryNotEmpty,
          base::format("The repository with name '{}' in registry with id '{}' cannot be deleted "
                       "because it still contains images",
                       name, account)};
}

ApiError ApiError::repository_policy_not_found(std::string_view account, std::string_view name) {
  return {ErrorCode::kRepositoryPolicyNotFound,
          "Repository policy does not exist for " + in_registry(name, account)};
}

ApiError ApiError::lifecycle_policy_not_found(std::string_view account, std::string_view name) {
  return {ErrorCode::kLifecyclePolicyNotFound,
          "Lifecycle policy does not exist for " + in_registry(name, account)};
}

// ECR's wording of this and the next is not published; only the type is certain.
ApiError ApiError::lifecycle_preview_not_found(std::string_view account, std::string_view name) {
  return {ErrorCode::kLifecyclePolicyPreviewNotFound,
          "Lifecycle policy preview does not exist for " + in_registry(name, account)};
}

ApiError ApiError::lifecycle_preview_in_progress(std::string_view account, std::string_view name) {
  return {ErrorCode::kLifecyclePolicyPreviewInProgress,
          "A lifecycle policy preview is in progress for " + in_registry(name, account)};
}

ApiError ApiError::registry_policy_not_found(std::string_view account) {
  return {ErrorCode::kRegistryPolicyNotFound,
          base::format("Registry policy does not exist in the registry with id '{}'", account)};
}

ApiError ApiError::image_not_found(std::string_view account, std::string_view name,
                                   std::string_view digest, std::string_view tag) {
  return {ErrorCode::kImageNotFound,
          base::format("The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist "
                       "within {}",
                       null_or(digest), null_or(tag), in_registry(name, account))};
}

ApiError ApiError::image_already_exists(std::string_view account, std::string_view name,
                                        std::string_view digest, std::string_view tag) {
  return {ErrorCode::kImageAlreadyExists,
          base::format("Image with digest '{}' and tag '{}' already exists in the repository with "
                       "name '{}' in registry with id '{}'",
                       digest, null_or(tag), name, account)};
}

ApiError ApiError::image_tag_already_exists(std::string_view name, std::string_view tag) {
  return {ErrorCode::kImageTagAlreadyExists,
          base::format("The image tag '{}' already exists in the '{}' repository and cannot be "
                       "overwritten because the repository is immutable.",
                       tag, name)};
}

// ECR's wording of this and the two that follow is not published; only the type is certain.
ApiError ApiError::image_digest_does_not_match(std::string_view given, std::string_view actual) {
  return {ErrorCode::kImageDigestDoesNotMatch,
          base::format("The image digest '{}' does not match the digest of the image manifest '{}'",
                       given, actual)};
}

ApiError ApiError::layers_not_found(std::string_view account, std::string_view name,
                                    const std::vector<std::string>& digests) {
  return {ErrorCode::kLayersNotFound,
          base::format("Layers with digests '[{}]' required for pushing image into repository with "
                       "name '{}' in the registry with id '{}' do not exist",
                       base::join(digests, ", "), name, account)};
}

ApiError ApiError::referenced_images_not_found(std::string_view account, std::string_view name,
                                               const std::vector<std::string>& digests) {
  return {ErrorCode::kReferencedImagesNotFound,
          base::format("Images with digests '[{}]' required for pushing image into repository with "
                       "name '{}' in the registry with id '{}' do not exist",
                       base::join(digests, ", "), name, account)};
}

}  // namespace ecr::api
