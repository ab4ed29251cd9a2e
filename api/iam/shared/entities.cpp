#include "api/iam/shared/entities.h"

#include <nlohmann/json.hpp>

#include "api/iam/shared/common.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {
namespace {

[[noreturn]] void refuse_name(const storage::Entity& entity) {
  throw already_exists(
      base::format("{} with name {} already exists.", title_of(entity.kind), entity.name));
}

}  // namespace

void insert_new(Call& call, storage::Entity& entity) {
  entity.account = call.caller.account;
  entity.path = path_of(call.input);
  entity.created_at = call.now;
  const storage::Tags tags = requested_tags(call.input);
  check_tag_count({}, tags);
  const auto id = storage::insert_entity(call.txn, entity);
  if (!id) refuse_name(entity);
  entity.id = *id;
  for (const auto& [key, value] : tags) storage::put_entity_tag(call.txn, *id, key, value);
}

Json list_page(const Call& call, storage::EntityKind kind, const char* member) {
  const Pager pager(call);
  std::vector<Listed> items;
  for (const auto& entity : storage::list_entities(call.txn, call.caller.account, kind,
                                                   text_member(call.input, "PathPrefix"),
                                                   pager.after(), pager.enough())) {
    items.emplace_back(base::to_lower(entity.name), entity_json(call, entity));
  }
  return pager.page(member, std::move(items));
}

void rename(Call& call, storage::Entity& entity, const std::string& name) {
  if (!name.empty()) {
    const auto other = storage::find_entity(call.txn, entity.account, entity.kind, name);
    entity.name = name;
    if (other && other->id != entity.id) refuse_name(entity);
  }
  if (call.input.contains("NewPath")) entity.path = path_of(call.input, "NewPath");
  storage::update_entity(call.txn, entity);
}

void refuse_policies_left(const Call& call, const storage::Entity& entity) {
  if (!storage::attached_policies(call.txn, entity.id).empty()) {
    throw delete_conflict("Cannot delete entity, must detach all policies first.");
  }
  if (!storage::inline_policies(call.txn, entity.id).empty()) {
    throw delete_conflict("Cannot delete entity, must delete policies first.");
  }
}

}  // namespace ecr::api::iam
