#include "api/iam/credentials/user_credentials.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {

storage::UserCredential require_credential_of(const ApiRequest& request,
                                              const storage::Entity& user,
                                              storage::CredentialKind kind, const char* member,
                                              const char* noun) {
  const std::string id = text_member(request.input, member);
  auto credential = storage::find_user_credential(request.txn, id);
  if (!credential || credential->kind != kind || credential->entity != user.id) {
    throw no_such_entity(base::format("The {} with id {} cannot be found.", noun, id));
  }
  return std::move(*credential);
}

std::string requested_status(const ApiRequest& request) {
  std::string status = text_member(request.input, "Status");
  if (status == "Expired") throw invalid_input("The status Expired cannot be set.");  // ours
  return status;
}

const storage::Entity* listed_user(const ApiRequest& request, NamedEntity& named) {
  if (request.input.contains("UserName")) return &required(named);
  return named.row ? &*named.row : nullptr;
}

}  // namespace ecr::api::iam
