// An operation of a service, declared once: its name, its IAM action, what it touches, its code.
// One constexpr table a file, next to the handlers; the input's shape is found by name in the API
// model, so a handler never checks what the model can express.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/gate.h"
#include "api/core/access/request.h"
#include "schemas/model/model.h"
#include "schemas/model/partition.h"

namespace ecr::api {

using Json = nlohmann::json;

struct CallIdentity;

// A request of an operation, in its transaction.
struct ApiRequest : Request {
  const Services& services;  // core, and what single planes need
  const Json& input;         // valid by the model
  std::string_view action;   // the operation's
  std::any outside;          // what OutsideWork returned; empty: there was none yet
  std::any decoded;          // by Operation::decode
  // The caller that a request without signature turned out to have, for the record of the call. Set
  // by the handler.
  std::shared_ptr<const CallIdentity> identified = nullptr;
};

// What a resolver finds: about what the gate decides, and what the handler works on, so that
// nothing is looked up twice.
template <class Subject>
struct Resolved {
  std::vector<Target> targets;
  Subject subject;
};

// The subject of operations on one thing that the request names: its row, where it exists. The gate
// decides before anything is said of a thing that does not, so the error waits for the handler.
// A subject derives from Named and has `[[noreturn]] void missing() const`, which throws it:
//
//   struct NamedRepository : Named<storage::Repository> { model::RepositoryName name; ... };
template <class Row>
struct Named {
  std::optional<Row> row;
};

// The resolver and the handler of an operation, with the type of the subject between them taken
// out. Made by on<>().
struct OperationCode {
  std::vector<Target> (*resolve)(ApiRequest& request, std::any& subject);
  void (*handle)(ApiRequest& request, std::any& subject, Json& output);
};

namespace operation_code {

template <class T>
struct IsResolved : std::false_type {};
template <class S>
struct IsResolved<Resolved<S>> : std::true_type {};

// The row itself where the handler takes one, else the subject.
template <auto kHandle, class Subject>
auto call_handler(ApiRequest& request, Subject& subject) {
  if constexpr (std::is_invocable_v<decltype(kHandle), ApiRequest&>) {
    return kHandle(request);
  } else if constexpr (std::is_invocable_v<decltype(kHandle), ApiRequest&, Subject&>) {
    return kHandle(request, subject);
  } else {
    if (!subject.row) subject.missing();
    return kHandle(request, *subject.row);
  }
}

}  // namespace operation_code

// on<resolver, handler>: what a row of a table says of its code.
// A resolver is `std::vector<Target> f(const ApiRequest&)` or `Resolved<Subject> f(const
// ApiRequest&)`; a handler `Json f(ApiRequest&)`, `Json f(ApiRequest&, Subject&)`, or, where the
// subject is a Named<Row>, `Json f(ApiRequest&, Row&)`.
template <auto kResolve, auto kHandle>
inline constexpr OperationCode on = {
    [](ApiRequest& request, std::any& subject) -> std::vector<Target> {
      auto resolved = kResolve(request);
      if constexpr (operation_code::IsResolved<decltype(resolved)>::value) {
        subject = std::move(resolved.subject);
        return std::move(resolved.targets);
      } else {
        return resolved;
      }
    },
    [](ApiRequest& request, [[maybe_unused]] std::any& subject, Json& output) {
      using Found = decltype(kResolve(request));
      if constexpr (operation_code::IsResolved<Found>::value) {
        using Subject = decltype(Found::subject);
        output = operation_code::call_handler<kHandle>(request, *std::any_cast<Subject>(&subject));
      } else {
        output = kHandle(request);
      }
    }};

// Who is asking.
enum class Credentials {
  kSignature,  // of SigV4
  // None: the input has a token that another server vouches for (the model's authtype "none"). The
  // resolver throws OutsideWork to have it verified; until then the transaction is a read one, so
  // that callers nobody knows do not hold up those who write.
  kToken
};

// The kinds of temporary credentials that may call an operation, whatever the policies say; a sum
// of these. Source: AWS IAM User Guide, "Compare AWS STS credentials".
inline constexpr std::uint8_t kNoSession = 0;
inline constexpr std::uint8_t kRoleSession = 1;       // of AssumeRole and its like
inline constexpr std::uint8_t kUserSession = 2;       // of GetSessionToken
inline constexpr std::uint8_t kFederatedSession = 4;  // of GetFederationToken
inline constexpr std::uint8_t kEverySession = 7;

// Reads what is large in the input (a manifest) before the transaction, which would keep other
// writers waiting; the result becomes ApiRequest::decoded. Called for authenticated callers whose
// input has been validated, before they are authorized: an error belongs into the result, and the
// handler throws it.
using Decode = std::any (*)(const Json& input);

// Bytes of the body of nearly every call.
inline constexpr std::uint64_t kBodyLimit = 1u << 20;

struct Operation {
  std::string_view name;    // as in the request and in the API model
  std::string_view action;  // IAM action
  storage::sql::Access access;
  OperationCode code;
  Credentials credentials = Credentials::kSignature;
  Decode decode = nullptr;
  std::uint64_t body_limit = kBodyLimit;  // bytes
  std::uint8_t sessions = kEverySession;
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
  // A global service: the Region of each partition that it runs in, and that all of its requests
  // count as requests of, wherever the client is configured to be. Null: a service of every Region.
  std::string_view model::Partition::*global_region = nullptr;

  // Credentials of GetSessionToken need MFA for it, and those of GetFederationToken may not call it
  // at all, whatever the policies say.
  bool limits_sessions = false;

  const Operation* find(std::string_view name) const;
};

}  // namespace ecr::api
