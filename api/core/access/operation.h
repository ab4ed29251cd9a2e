// An operation of a service, declared once: its name, its IAM action, what it touches, its code.
// One constexpr table a file, next to the handlers; the input's shape is found by name in the API
// model, so a handler never checks what the model can express.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/gate.h"
#include "api/core/services.h"
#include "schemas/model/model.h"
#include "storage/sql/database.h"

namespace ecr::api {

using Json = nlohmann::json;

struct CallIdentity;

// One request in progress, inside its transaction.
struct Call {
  const Services& services;
  storage::sql::Txn& txn;
  const HttpRequest& http;
  const Caller& caller;
  std::string region;
  base::TimePoint now;
  const Json& input;
  std::any prepared;  // by Operation::prepare
  // Run once the transaction is committed (removal of files, background work).
  std::vector<std::function<void()>> after_commit;
  std::string_view action = {};  // the operation's; empty outside of the control plane
  // Whom a call without signature turned out to come from, for the record of it. By the handler.
  std::shared_ptr<const CallIdentity> identified = nullptr;
};

using Resolver = std::vector<Target> (*)(const Call&);
using Handler = Json (*)(Call&);

// What has to be fetched from elsewhere before the transaction, for an operation that anybody may
// call; handed on as Call::prepared. The input has been validated; nobody has been authenticated.
using Prepare = std::any (*)(const Services&, const Json& input);

struct Operation {
  std::string_view name;    // as in the request and in the API model
  std::string_view action;  // IAM action
  storage::sql::Access access;
  Resolver resources;
  Handler handle;
  // Of an operation without signature (the model's authtype "none"); null: the call is signed.
  Prepare prepare = nullptr;
};

// The entries of a table, for ServiceApi. REQUIRES: the table lives as long as the program.
template <std::size_t N>
std::vector<const Operation*> pointers(const Operation (&table)[N]) {
  std::vector<const Operation*> entries;
  for (const Operation& operation : table) entries.push_back(&operation);
  return entries;
}

enum class Protocol { kJson, kQuery };

struct ServiceApi {
  std::string_view signing_name;  // "ecr"
  Protocol protocol;
  const model::ServiceModel& (*model)();
  std::vector<const Operation*> operations;

  const Operation* find(std::string_view name) const;
};

}  // namespace ecr::api
