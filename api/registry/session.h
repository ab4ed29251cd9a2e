// One registry request: its caller, its registry, its repository. Shared by the handlers of this
// folder. A session is used by one thread and ends with its transaction.
#pragma once

#include <any>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/gate.h"
#include "api/core/access/identity.h"
#include "api/core/background/call_record.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "api/registry/read_memo.h"
#include "api/registry/route.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {
class ApiError;
}

namespace ecr::api::registry {

// The content of the request's token and host name, before any row is read.
struct Credentials {
  auth::RegistryTokenClaims claims;
  std::string account;  // of the registry
  std::string region;
};

// Reads "Authorization: Basic". Throws kUnauthorized (no or foreign credentials: 401 and the
// challenge), kExpiredToken, or kAccessDenied (a token of another region).
Credentials read_credentials(const Services& services, const HttpRequest& request,
                             base::TimePoint now);

// The request inside one transaction. Built anew for each transaction of a request, so that each of
// them sees the caller's rows and policies as they are then.
class Session {
 public:
  // Throws kAccessDenied where the principal of the token is gone.
  Session(const Services& services, storage::sql::Txn& txn, const HttpRequest& request,
          const Credentials& credentials, const Route& route, base::TimePoint now);
  // `known`: the caller, read since the last write to the database.
  Session(const Services& services, storage::sql::Txn& txn, const HttpRequest& request,
          const Credentials& credentials, const Route& route, base::TimePoint now,
          const KnownCaller& known);

  // Throws kNameInvalid, kAccessDenied, kRepositoryNotFound, in this order.
  storage::Repository authorize_repository(std::string_view action, LogNote& note);
  storage::Repository authorize_repository(const std::vector<std::string_view>& actions,
                                           LogNote& note);
  // The same for requests that begin or end a push: a repository that is missing is created where a
  // creation template says so and the caller has ecr:CreateRepository. REQUIRES: a write
  // transaction.
  storage::Repository authorize_push(const std::vector<std::string_view>& actions, LogNote& note,
                                     bool* created = nullptr);
  // The same for requests that import an upstream's image: with ecr:BatchGetImage and
  // ecr:BatchImportUpstreamImage, and ecr:CreateRepository where the repository is missing.
  // require_import() then creates it. REQUIRES, for require_import(): a write transaction.
  void authorize_import(LogNote& note);
  storage::Repository require_import();
  // nullopt: there is no such repository; the caller then may do `if_missing` too (empty: nothing).
  std::optional<storage::Repository> authorize_name(const std::vector<std::string_view>& actions,
                                                    LogNote& note,
                                                    std::string_view if_missing = "");
  // The repository that the route names, looked up once: a repository that the request itself
  // creates is not found. nullopt: there is none.
  const std::optional<storage::Repository>& find_repository();
  // That repository, read since the last write to the database.
  void know_repository(const storage::Repository& repository) { repository_ = repository; }
  // An image of that repository; the one that was asked for last is kept. For reads: changes by the
  // request itself are not seen. REQUIRES: the repository exists.
  const std::optional<storage::Image>& find_image(const std::string& digest);
  // An action on all repositories of the registry.
  void authorize_registry(std::string_view action, LogNote& note);

  const Services& services;
  storage::sql::Txn& txn;
  const HttpRequest& request;
  const Credentials& credentials;
  const Route& route;
  const base::TimePoint now;
  const Caller caller;
  const std::shared_ptr<const CallIdentity> identity;  // the caller, for the record of the call
  // That each of its decisions may take: less than the most on an io thread (gate.h).
  std::size_t most_steps = auth::iam::kMostEvaluationSteps;
  // The result of this request's OutsideWork; empty: there was none.
  std::any outside;
  // What decode_manifest() made of the body.
  std::any decoded;
  // Run once the transaction is committed.
  std::vector<std::function<void()>> after_commit;

 private:
  // Who asks for what, for the logs.
  void describe(LogNote& note, std::string_view action) const;

  std::optional<std::optional<storage::Repository>> repository_;
  std::optional<storage::Image> image_;
};

// "Basic realm=...": the answer to a request without credentials, as ECR words it.
HttpResponse challenge(const HttpRequest& request);

// The end of every answer of this plane: its headers, and of a HEAD no body.
void finish(const HttpRequest& request, HttpResponse& response);

// The error in the OCI form, as the answer to `request`.
HttpResponse error_response(const ApiError& error, const HttpRequest& request);

}  // namespace ecr::api::registry
