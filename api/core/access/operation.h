// An operation of a service, declared once: its name, its IAM action, what it touches, its code.
// One constexpr table a file, next to the handlers; the input's shape is found by name in the API
// model, so a handler never checks what the model can express.
#pragma once

#include <any>
#include <cstdint>
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
  std::any prepared;  // what OutsideWork returned; empty: there was none yet
  // Run once the transaction is committed (removal of files, background work).
  std::vector<std::function<void()>> after_commit;
  std::string_view action = {};  // the operation's; empty outside of the control plane
  // The caller that a call without signature turned out to have, for the record of the call. Set by
  // the handler.
  std::shared_ptr<const CallIdentity> identified = nullptr;
  std::any decoded = {};  // by Operation::decode
};

// Thrown by a handler that cannot answer before another server was asked. The request's transaction
// is rolled back; then `run` is called, with no transaction open and on a thread that may wait, and
// the request begins anew, from authentication on, with what `run` returned.
struct OutsideWork {
  // Throws ApiError where the request ends with that. What is captured by reference must live as
  // long as the request.
  std::function<std::any()> run;
};

using Resolver = std::vector<Target> (*)(const Call&);
using Handler = Json (*)(Call&);

// Who is asking.
enum class Credentials {
  kSignature,  // of SigV4
  // None: the input has a token that another server vouches for (the model's authtype "none"). The
  // resolver throws OutsideWork to have it verified; until then the transaction is a read one, so
  // that callers nobody knows do not hold up those who write.
  kToken
};

// Reads what is large in the input (a manifest) before the transaction, which would keep other
// writers waiting; the result becomes Call::decoded. Called for authenticated callers whose input
// has been validated, before they are authorized: an error belongs into the result, and the handler
// throws it.
using Decode = std::any (*)(const Json& input);

// Bytes of the body of nearly every call.
inline constexpr std::uint64_t kBodyLimit = 1u << 20;

struct Operation {
  std::string_view name;    // as in the request and in the API model
  std::string_view action;  // IAM action
  storage::sql::Access access;
  Resolver resources;
  Handler handle;
  Credentials credentials = Credentials::kSignature;
  Decode decode = nullptr;
  std::uint64_t body_limit = kBodyLimit;  // bytes
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
