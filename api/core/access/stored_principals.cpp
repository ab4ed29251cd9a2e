#include "api/core/access/stored_principals.h"

#include <optional>

#include "api/core/access/principal_policies.h"
#include "auth/iam/policy/document_text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api {
namespace {

using storage::EntityKind;

std::optional<std::string> unique_id_of(storage::sql::Txn& txn, const std::string& text) {
  const auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam") return std::nullopt;
  EntityKind kind = EntityKind::kUser;
  if (arn->resource.starts_with("role/")) {
    kind = EntityKind::kRole;
  } else if (!arn->resource.starts_with("user/")) {
    return std::nullopt;
  }
  const auto entity = storage::find_entity(txn, arn->account, kind,
                                           arn->resource.substr(arn->resource.rfind('/') + 1));
  if (!entity || entity_arn(*entity) != text) return std::nullopt;
  return entity->unique_id;
}

std::optional<std::string> arn_of(storage::sql::Txn& txn, const std::string& text) {
  if (!text.starts_with("AIDA") && !text.starts_with("AROA")) return std::nullopt;
  const auto entity = storage::find_entity_by_unique_id(txn, text);
  return entity ? std::optional(entity_arn(*entity)) : std::nullopt;
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

}  // namespace ecr::api
