// Outbound web identity federation: whether the account's principals may ask STS for tokens that
// name them to others (GetWebIdentityToken). Source: AWS IAM API Reference. AWS gives each account
// an issuer of its own; here it is this server, by the name under which the feature was switched on
// (COMPATIBILITY.md).
#include <nlohmann/json.hpp>

#include "api/core/web_identity_issuer.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/targets.h"
#include "storage/rows/iam/web_identity_issuers.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

// The words of both errors are ours.
storage::WebIdentityIssuer require_federation(const ApiRequest& request) {
  auto issuer = storage::find_web_identity_issuer(request.txn, request.caller.account);
  if (!issuer || !issuer->enabled) {
    throw ApiError(ErrorCode::kFeatureDisabled,
                   "Outbound web identity federation is not enabled for this account.");
  }
  return std::move(*issuer);
}

// An account that switches it on again keeps its issuer: others have that in their configuration
// (inferred).
Json enable_outbound_federation(ApiRequest& request) {
  const std::string& account = request.caller.account;
  auto issuer = storage::find_web_identity_issuer(request.txn, account);
  if (issuer && issuer->enabled) {
    throw ApiError(ErrorCode::kFeatureEnabled,
                   "Outbound web identity federation is already enabled for this account.");
  }
  if (!issuer) issuer = {account, web_identity_issuer(request.http)};
  issuer->enabled = true;
  storage::put_web_identity_issuer(request.txn, *issuer);
  return {{"IssuerIdentifier", issuer->issuer}};
}

Json get_outbound_federation(ApiRequest& request) {
  return {{"IssuerIdentifier", require_federation(request).issuer}, {"JwtVendingEnabled", true}};
}

// Tokens that were given out stay good until they expire.
Json disable_outbound_federation(ApiRequest& request) {
  auto issuer = require_federation(request);
  issuer.enabled = false;
  storage::put_web_identity_issuer(request.txn, issuer);
  return Json::object();
}

constexpr Operation kOutboundFederationOperations[] = {
    {"EnableOutboundWebIdentityFederation", "iam:EnableOutboundWebIdentityFederation",
     Access::kWrite, on<account_target, enable_outbound_federation>},
    {"GetOutboundWebIdentityFederationInfo", "iam:GetOutboundWebIdentityFederationInfo",
     Access::kRead, on<account_target, get_outbound_federation>},
    {"DisableOutboundWebIdentityFederation", "iam:DisableOutboundWebIdentityFederation",
     Access::kWrite, on<account_target, disable_outbound_federation>},
};

}  // namespace

std::vector<const Operation*> outbound_federation_operations() {
  return pointers(kOutboundFederationOperations);
}

}  // namespace ecr::api::iam
