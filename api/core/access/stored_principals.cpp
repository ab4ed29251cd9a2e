#include "api/core/access/stored_principals.h"

#include <optional>

#include "api/core/access/principal_policies.h"
#include "api/core/unique_id.h"
#include "auth/iam/policy/document_text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api {
namespace {

using storage::EntityKind;

// Only an exact ARN, path included, is a principal: there are no wildcards in a principal's ARN.
std::optional<std::string> unique_id_of(storage::sql::Txn& txn, const std::string& text) {
  const auto arn = model::Arn::parse(text);
  const auto entity = arn ? entity_of_arn(txn, *arn) : std::nullopt;
  return entity ? std::optional(entity->unique_id) : std::nullopt;
}

std::optional<std::string> arn_of(storage::sql::Txn& txn, const std::string& text) {
  if (!text.starts_with("AIDA") && !text.starts_with("AROA")) return std::nullopt;
  const auto entity = storage::find_entity_by_unique_id(txn, text);
  return entity ? std::optional(entity_arn(*entity)) : std::nullopt;
}

// assumed-role/<role>/<session>: the role by its name, whatever its path.
bool role_of_session_exists(storage::sql::Txn& txn, const model::Arn& arn) {
  std::string_view rest = arn.resource;
  rest.remove_prefix(rest.find('/') + 1);
  const auto role =
      storage::find_entity(txn, arn.account, EntityKind::kRole, rest.substr(0, rest.find('/')));
  return role && role->partition == arn.partition;
}

// ECR refuses a repository policy that names a principal which does not exist ("Principal not
// found"). An ARN that is not one of IAM's kinds (a service, an account, "*") names nothing that
// could be missing.
bool principal_exists(storage::sql::Txn& txn, std::string_view text) {
  const auto arn = model::Arn::parse(text);
  if (!arn || !storage::has_entities(txn, arn->account)) return true;
  if (arn->resource.starts_with("user/") || arn->resource.starts_with("role/")) {
    return entity_of_arn(txn, *arn).has_value();
  }
  if (arn->resource.starts_with("assumed-role/")) return role_of_session_exists(txn, *arn);
  return true;
}

// Documents that a client read and sends back have the ids of deleted principals in them.
bool id_exists(storage::sql::Txn& txn, const std::string& text) {
  if (!text.starts_with("AIDA") && !text.starts_with("AROA")) return true;
  const auto account = account_in_id(text);
  return !account || !storage::has_entities(txn, *account) ||
         storage::find_entity_by_unique_id(txn, text).has_value();
}

}  // namespace

std::string stored_principals(storage::sql::Txn& txn, std::string_view document) {
  return auth::iam::replace_principals(
      document, [&](const std::string& text) { return unique_id_of(txn, text); });
}

std::string shown_principals(storage::sql::Txn& txn, std::string_view document) {
  return auth::iam::replace_principals(document,
                                       [&](const std::string& text) { return arn_of(txn, text); });
}

std::optional<std::string> unknown_principal(storage::sql::Txn& txn,
                                             const auth::iam::Policy& policy,
                                             std::string_view document) {
  for (std::string& arn : policy.principal_arns()) {
    if (!principal_exists(txn, arn)) return std::move(arn);
  }
  std::optional<std::string> unknown;
  auth::iam::replace_principals(document, [&](const std::string& text) {
    if (!unknown && !id_exists(txn, text)) unknown = text;
    return std::optional<std::string>();
  });
  return unknown;
}

}  // namespace ecr::api
