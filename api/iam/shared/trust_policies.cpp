#include "api/iam/shared/trust_policies.h"

#include "api/core/access/stored_principals.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/quotas.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
std::string checked_trust_policy(const Call& call, const std::string& document) {
  const auto parsed = auth::iam::Policy::parse(document, auth::iam::PolicyType::kTrust);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
  if (const auto unknown = unknown_principal(call.txn, **parsed, document)) {
    throw ApiError(ErrorCode::kMalformedPolicyDocument,
                   base::format("Invalid principal in policy: \"AWS\":\"{}\"", *unknown));
  }
  if (auth::iam::counted_size(document) > kTrustPolicySize) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustPolicySize));
  }
  return stored_principals(call.txn, document);
}

}  // namespace ecr::api::iam
