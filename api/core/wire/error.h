// The one error type of a request that is over. Thrown by factories that hold AWS's texts; each
// protocol turns it into its own form (AWS JSON, AWS Query, OCI) in one place.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/model/repository_name.h"

namespace ecr::api {

enum class ErrorCode {
  // common to every AWS service
  kAccessDenied,
  kExpiredToken,
  kIncompleteSignature,
  kInvalidSignature,
  kMissingAuthenticationToken,
  kUnrecognizedClient,
  kSerialization,
  kUnknownOperation,
  kServer,
  kServiceUnavailable,
  kRequestTooLarge,
  kUnsupportedEncoding,
  kValidation,  // IAM, STS
  // STS
  kMalformedPolicyDocument,
  kPackedPolicyTooLarge,
  kInvalidIdentityToken,
  kExpiredIdentityToken,
  kIdpRejectedClaim,
  kIdpCommunicationError,
  kInvalidAuthorizationMessage,
  kInsufficientSessionLifetime,
  kInvalidSubjectCredentials,
  kSessionDurationEscalation,
  kOutboundWebIdentityDisabled,
  kJwtPayloadSizeExceeded,
  // IAM
  kNoSuchEntity,
  kEntityAlreadyExists,
  kDeleteConflict,
  kInvalidInput,
  kUnmodifiableEntity,
  kPolicyNotAttachable,
  kPasswordPolicyViolation,
  kInvalidAuthenticationCode,
  kInvalidUserType,
  kMalformedCertificate,
  kInvalidCertificate,
  kDuplicateCertificate,
  kKeyPairMismatch,
  kInvalidPublicKey,
  kDuplicateSshPublicKey,
  kUnrecognizedPublicKeyEncoding,
  kServiceNotSupported,
  kCredentialReportNotPresent,
  kCredentialReportExpired,
  kReportGenerationLimitExceeded,
  kNameConflict,
  kRoleTemplateDisabled,
  kFeatureEnabled,
  kFeatureDisabled,
  kOrganizationNotFound,
  kCallerIsNotManagementAccount,
  kNotManagementOrDelegatedAdministrator,
  // ECR
  kInvalidParameter,
  kInvalidTagParameter,
  kTooManyTags,
  kLimitExceeded,
  kRepositoryNotFound,
  kRepositoryAlreadyExists,
  kRepositoryNotEmpty,
  kRepositoryPolicyNotFound,
  kLifecyclePolicyNotFound,
  kLifecyclePolicyPreviewNotFound,
  kLifecyclePolicyPreviewInProgress,
  kImageNotFound,
  kImageAlreadyExists,
  kImageTagAlreadyExists,
  kImageDigestDoesNotMatch,
  kLayersNotFound,
  kReferencedImagesNotFound,
  kRegistryPolicyNotFound,
  kExclusionAlreadyExists,
  kExclusionNotFound,
  kInvalidLayer,
  kInvalidLayerPart,
  kLayerPartTooSmall,
  kLayerAlreadyExists,
  kLayerNotFound,  // GetDownloadUrlForLayer
  kEmptyUpload,
  kScanNotFound,
  kUnsupportedImageType,
  kImageArchived,
  kStorageClassNotSupported,
  kTemplateAlreadyExists,
  kTemplateNotFound,
  kSigningConfigurationNotFound,
  kPullThroughRuleAlreadyExists,
  kPullThroughRuleNotFound,
  kUnsupportedUpstreamRegistry,
  kSecretNotFound,
  kUnableToAccessSecret,
  kUnableToDecryptSecret,
  kUnableToGetUpstreamImage,
  kUnableToGetUpstreamLayer,
  kReplicationBackfillNotFound,
  kReplicationBackfillInProgress,
  kReplicationBackfillInvalidStatus,
  // the registry plane alone
  kBlobUnknown,
  kBlobUploadUnknown,
  kBlobUploadInvalid,
  kRangeNotSatisfiable,  // of a download
  kPreconditionFailed,
  kUploadBusy,
  kDigestInvalid,
  kNameInvalid,
  kTagNameInvalid,
  kManifestInvalid,
  kSizeInvalid,
  kUnauthorized,
  kTokenOfOtherRegion,
  kUnsupported,
  kNotFound,
  kBadQuery,
  kImageInUse,
  kBlobInUse,
  // Organizations
  kOrganizationsNotInUse,
  kAlreadyInOrganization,
  kOrganizationsInvalidInput,
  kConstraintViolation,
  kParentNotFound,
  kSourceParentNotFound,
  kDestinationParentNotFound,
  kChildNotFound,
  kAccountNotFound,
  kDuplicateAccount,
  kCreateAccountStatusNotFound,
  kOrganizationalUnitNotFound,
  kDuplicateOrganizationalUnit,
  kRootNotFound,
  kTargetNotFound,
  kOrganizationsPolicyNotFound,
  kDuplicatePolicy,
  kDuplicatePolicyAttachment,
  kPolicyNotAttached,
  kPolicyInUse,
  kPolicyTypeNotEnabled,
  kPolicyTypeAlreadyEnabled,
  kPolicyTypeNotAvailable
};

// How each protocol names an error.
struct ErrorNames {
  std::string_view json_type;  // __type of AWS JSON
  int json_status;
  std::string_view query_type;  // Code of AWS Query
  int query_status;
  std::string_view oci_code;  // code of the OCI distribution specification
  int oci_status;
};
const ErrorNames& names_of(ErrorCode code);

class ApiError : public std::exception {
 public:
  ApiError(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Further response headers (Range of an upload, ...).
  ApiError with_header(std::string name, std::string value) &&;
  const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }

  // Further members of the error in AWS JSON (uploadId of InvalidLayerPartException, ...).
  using Member = std::variant<std::string, std::int64_t>;
  ApiError with_member(std::string name, Member value) &&;
  const std::vector<std::pair<std::string, Member>>& members() const { return members_; }

  static ApiError access_denied(std::string sentence);
  // "Invalid parameter at '<field>' failed to satisfy constraint: '<constraint>'"
  static ApiError invalid_parameter(std::string_view field, std::string_view constraint);
  static ApiError serialization(std::string message);
  static ApiError unknown_operation(std::string message = {});
  static ApiError repository_not_found(std::string_view account, const model::RepositoryName& name);
  static ApiError repository_already_exists(std::string_view account,
                                            const model::RepositoryName& name);
  static ApiError repository_not_empty(std::string_view account, const model::RepositoryName& name);
  static ApiError repository_policy_not_found(std::string_view account,
                                              const model::RepositoryName& name);
  static ApiError lifecycle_policy_not_found(std::string_view account,
                                             const model::RepositoryName& name);
  static ApiError lifecycle_preview_not_found(std::string_view account,
                                              const model::RepositoryName& name);
  static ApiError lifecycle_preview_in_progress(std::string_view account,
                                                const model::RepositoryName& name);
  static ApiError registry_policy_not_found(std::string_view account);
  // `digest` and `tag` empty: printed as 'null', as ECR does.
  static ApiError image_not_found(std::string_view account, const model::RepositoryName& name,
                                  std::string_view digest, std::string_view tag);
  static ApiError image_already_exists(std::string_view account, const model::RepositoryName& name,
                                       std::string_view digest, std::string_view tag);
  static ApiError image_tag_already_exists(const model::RepositoryName& name, std::string_view tag);
  static ApiError image_digest_does_not_match(std::string_view given, std::string_view actual);
  static ApiError layers_not_found(std::string_view account, const model::RepositoryName& name,
                                   const std::vector<std::string>& digests);
  static ApiError referenced_images_not_found(std::string_view account,
                                              const model::RepositoryName& name,
                                              const std::vector<std::string>& digests);

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<std::pair<std::string, Member>> members_;
};

// The ApiError for an exception that escaped a handler: an ApiError itself; a full disk or a
// read-only store (503); anything else is the server's fault (500), and its text says no more than
// that.
ApiError to_api_error(const std::exception_ptr& failure);

}  // namespace ecr::api
