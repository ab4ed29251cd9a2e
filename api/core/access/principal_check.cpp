#include "api/core/access/principal_check.h"

#include <optional>
#include <string_view>

#include "api/core/access/principal_policies.h"
#include "api/core/unique_id.h"
#include "auth/iam/policy/document_text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api {
namespace {

using storage::EntityKind;

std::string_view last_segment(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The user or role with exactly that ARN.
bool entity_exists(storage::sql::Txn& txn, const model::Arn& arn, EntityKind kind) {
  const auto entity = storage::find_entity(txn, arn.account, kind, last_segment(arn.resource));
  return entity && entity_arn(*entity) == arn.text();
}

// assumed-role/<role>/<session>: the role by its name, whatever its path.
bool role_of_session_exists(storage::sql::Txn& txn, const model::Arn& arn) {
  std::string_view rest = arn.resource;
  rest.remove_prefix(rest.find('/') + 1);
  return storage::find_entity(txn, arn.account, EntityKind::kRole, rest.substr(0, rest.find('/')))
      .has_value();
}

bool principal_exists(storage::sql::Txn& txn, std::string_view text) {
  const auto arn = model::Arn::parse(text);
  if (!arn || !storage::has_entities(txn, arn->account)) return true;
  if (arn->resource.starts_with("user/")) return entity_exists(txn, *arn, EntityKind::kUser);
  if (arn->resource.starts_with("role/")) return entity_exists(txn, *arn, EntityKind::kRole);
  if (arn->resource.starts_with("assumed-role/")) return role_of_session_exists(txn, *arn);
  return true;
}

bool id_exists(storage::sql::Txn& txn, const std::string& text) {
  if (!text.starts_with("AIDA") && !text.starts_with("AROA")) return true;
  const auto account = account_in_id(text);
  return !account || !storage::has_entities(txn, *account) ||
         storage::find_entity_by_unique_id(txn, text).has_value();
}

}  // namespace

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
