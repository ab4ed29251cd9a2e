#include "api/iam/trust_policies.h"

#include <fmt/format.h>

#include "api/iam/common.h"
#include "api/iam/quotas.h"
#include "api/principal_check.h"
#include "api/stored_principals.h"

namespace ecr::api::iam {
std::string checked_trust_policy(const Call& call, const std::string& document) {
  const auto parsed = auth::iam::Policy::parse(document, auth::iam::PolicyType::kTrust);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
  if (const auto unknown = unknown_principal(call.txn, **parsed, document)) {
    throw ApiError(ErrorCode::kMalformedPolicyDocument,
                   fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", *unknown));
  }
  if (auth::iam::counted_size(document) > kTrustPolicySize) {
    throw limit_exceeded(
        fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustPolicySize));
  }
  return stored_principals(call.txn, document);
}

}  // namespace ecr::api::iam
