// What the three kinds of stored credentials of users share (SSH public keys, signing certificates,
// service-specific credentials). Stateless functions on the request's transaction.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/iam/shared/entities.h"
#include "storage/rows/iam/credentials.h"

namespace ecr::api::iam {

// The credential that the member `member` names. It must be the user's: one of another user is
// reported like one that does not exist. Throws NoSuchEntity; `noun` is AWS's word for the kind.
storage::UserCredential require_credential_of(const ApiRequest& request,
                                              const storage::Entity& user,
                                              storage::CredentialKind kind, const char* member,
                                              const char* noun);
// Active or Inactive, from member Status. Throws InvalidInput for Expired, which the model has for
// listings.
std::string requested_status(const ApiRequest& request);
// The user of an operation that lists: the one that is named, or the caller. nullptr: the caller is
// the root user, or a session, and has none.
const storage::Entity* listed_user(const ApiRequest& request, NamedEntity& named);

}  // namespace ecr::api::iam
