// One registry request: its caller, its registry, its repository. Shared by the handlers of this
// folder.
#pragma once

#include <any>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/gate.h"
#include "api/core/access/request.h"
#include "api/registry/read_memo.h"
#include "api/registry/route.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api {
class ApiError;
}

namespace ecr::api::registry {

// The content of the request's token and host name, before any row is read.
struct Credentials {
  auth::RegistryTokenClaims claims;
  model::RegistryId registry;
};

// Reads "Authorization: Basic". Throws kUnauthorized (no or foreign credentials: 401 and the
// challenge), kExpiredToken, or kAccessDenied (a token of another region).
Credentials read_credentials(const Services& services, const HttpRequest& request,
                             base::TimePoint now);

// What is known of a request before any of its transactions, and stays when they are over: what
// streams a body or asks an upstream keeps a copy. `services` and `http` outlive it.
struct RequestHead {
  const Services& services;
  const HttpRequest& http;
  Credentials credentials;
  Route route;
};

// The caller whose credentials the request has, as it is now. Throws kAccessDenied where the
// principal of the token is gone.
std::shared_ptr<const KnownCaller> require_caller(const RequestHead& head, storage::sql::Txn& txn);

// The request inside one transaction, used by one thread. A request that has several transactions
// has one of these for each, so that each of them sees the caller's rows and policies as they are
// then.
class RegistryRequest : public Request {
 public:
  // `caller`: of require_caller() in this transaction, or read since the last write to the
  // database. All arguments outlive this object.
  RegistryRequest(const RequestHead& head, storage::sql::Txn& txn, const KnownCaller& caller,
                  base::TimePoint now, LogNote& note);

  // Throws kNameInvalid, kAccessDenied, kRepositoryNotFound, in this order.
  storage::Repository authorize_repository(std::string_view action);
  storage::Repository authorize_repository(const std::vector<std::string_view>& actions);
  // The same for requests that begin or end a push: a repository that is missing is created where a
  // creation template says so and the caller has ecr:CreateRepository. REQUIRES: a write
  // transaction.
  storage::Repository authorize_push(const std::vector<std::string_view>& actions,
                                     bool* created = nullptr);
  // The same for requests that import an upstream's image: with ecr:BatchGetImage and
  // ecr:BatchImportUpstreamImage, and ecr:CreateRepository where the repository is missing.
  // require_import() then creates it. REQUIRES, for require_import(): a write transaction.
  void authorize_import();
  storage::Repository require_import();
  // nullopt: there is no such repository; the caller then may do `if_missing` too (empty: nothing).
  std::optional<storage::Repository> authorize_name(const std::vector<std::string_view>& actions,
                                                    std::string_view if_missing = "");
  // The name of the route's repository. Throws kNameInvalid. REQUIRES: the route has one.
  const model::RepositoryName& require_name() const;
  // The repository that the route names, looked up once: a repository that the request itself
  // creates is not found. nullopt: there is none.
  const std::optional<storage::Repository>& find_repository();
  // That repository, read since the last write to the database.
  void know_repository(const storage::Repository& repository) { repository_ = repository; }
  // An image of that repository; the one that was asked for last is kept. For reads: changes by the
  // request itself are not seen. REQUIRES: the repository exists.
  const std::optional<storage::Image>& find_image(const model::Digest& digest);
  // An action on all repositories of the registry.
  void authorize_registry(std::string_view action);

  const RequestHead& head;
  const Services& services;
  const Route& route;
  // The result of this request's OutsideWork; empty: there was none.
  std::any outside;
  // What decode_manifest() made of the body.
  std::any decoded;

 private:
  // Who asks for what, for the logs.
  void describe(std::string_view action) const;

  const std::shared_ptr<const CallIdentity>& identity_;  // the caller, for the record of the call
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
