#include "api/registry/registry_request.h"

#include <algorithm>

#include "api/core/access/failure_log.h"
#include "api/core/access/origin.h"
#include "api/core/access/target.h"
#include "api/core/registry_host.h"
#include "api/core/wire/error_response.h"
#include "api/images/repository_creation.h"
#include "api/pull_through/image_import.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::registry {
namespace {

// ECR User Guide, "IAM permissions required to sync an upstream registry".
const std::vector<std::string_view> kImportActions = {"ecr:BatchGetImage",
                                                      "ecr:BatchImportUpstreamImage"};

// The password of "Authorization: Basic base64(AWS:<password>)"; nullopt: none, or another user.
// ECR's user name is always AWS.
std::optional<std::string> password_of(const HttpRequest& request) {
  const std::string_view header = request.headers.get("authorization");
  constexpr std::string_view kScheme = "basic ";
  if (header.size() <= kScheme.size() ||
      !base::equals_ignore_case(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const auto decoded = base::base64_decode(header.substr(kScheme.size()));
  if (!decoded || !decoded->starts_with("AWS:")) return std::nullopt;
  return decoded->substr(4);
}

}  // namespace

// A token names a principal and grants nothing: a user that was deleted since, or a session that
// has ended, is refused at once (test ADeletedUserIsOutAtOnce).
std::shared_ptr<const KnownCaller> require_caller(const RequestHead& head, storage::sql::Txn& txn) {
  const auth::RegistryTokenClaims& claims = head.credentials.claims;
  auto caller = find_caller(head.services, txn, claims.access_key_id, claims.region);
  if (!caller || caller->account != claims.account) {
    throw noted_registry_failure(
        head.services, head.http,
        ApiError::access_denied("The security token included in the request is invalid."));
  }
  return std::make_shared<const KnownCaller>(*caller);
}

// Without credentials, and with ones that are not ours: 401 and the challenge. With a token that
// has expired ECR answers 403 without a challenge (flipt issue 3043, aws-cli issue 6580; test
// AnExpiredTokenIsDeniedWithoutAChallenge).
Credentials read_credentials(const Services& services, const HttpRequest& request,
                             base::TimePoint now) {
  const auto fail = [&](ApiError error) {
    return noted_registry_failure(services, request, std::move(error));
  };
  const auto password = password_of(request);
  if (!password) throw fail({ErrorCode::kUnauthorized, "Not Authorized"});
  auto claims = services.tokens.open(*password, now);
  if (!claims) {
    if (claims.error() == auth::TokenError::kMalformed) {
      throw fail({ErrorCode::kUnauthorized, "Not Authorized"});
    }
    throw fail({ErrorCode::kExpiredToken,
                "Your authorization token has expired. Reauthenticate and try again."});
  }
  // A token is no more than the credentials that it was asked for with.
  check_default_credentials(services.settings, claims->access_key_id, request);
  Credentials credentials{std::move(*claims), {}};
  if (auto named = parse_registry_host(request.host())) {
    // ECR User Guide, "Private registry authentication": a token is for one Region (test
    // ATokenIsForItsRegion). It is good for the registries of all accounts.
    if (named->region != credentials.claims.region) {
      throw fail(
          {ErrorCode::kTokenOfOtherRegion,
           base::format("Your authorization token is for the region {} and cannot be used in {}.",
                        credentials.claims.region, named->region)});
    }
    credentials.registry = {std::move(named->account), std::move(named->region)};
  } else {  // a name that says no registry: the registry of the token's own account and region
    credentials.registry = {credentials.claims.account, credentials.claims.region};
  }
  return credentials;
}

RegistryRequest::RegistryRequest(const RequestHead& head_, storage::sql::Txn& txn_,
                                 const KnownCaller& caller_, base::TimePoint now_, LogNote& note_)
    : Request{head_.services, txn_, head_.http, caller_.caller, head_.credentials.registry,
              now_,           note_},
      head(head_),
      services(head_.services),
      route(head_.route),
      identity_(caller_.who) {}

const std::optional<storage::Repository>& RegistryRequest::find_repository() {
  if (!repository_) {
    repository_ = route.name ? storage::find_repository(txn, registry, *route.name) : std::nullopt;
  }
  return *repository_;
}

// Reads on an io thread look at an image twice: whether the pull has to be written down, and for
// the answer.
const std::optional<storage::Image>& RegistryRequest::find_image(const model::Digest& digest) {
  if (!image_ || image_->digest != digest) {
    image_ = storage::find_image(txn, find_repository()->id, digest);
  }
  return image_;
}

storage::Repository RegistryRequest::authorize_repository(std::string_view action) {
  return authorize_repository(std::vector<std::string_view>{action});
}

void RegistryRequest::describe(std::string_view action) const {
  note.principal = caller.principal.arn;
  note.identity = identity_;
  note.registry = registry;
  note.registry_repository = route.name_text();
  note.action = action;
}

const model::RepositoryName& RegistryRequest::require_name() const {
  if (!route.name) throw ApiError(ErrorCode::kNameInvalid, "The repository name is not valid");
  return *route.name;
}

// The name's grammar comes first, then permission, then whether the repository exists: a caller
// without permission does not learn of it (test EveryRouteAsksForItsActions).
std::optional<storage::Repository> RegistryRequest::authorize_name(
    const std::vector<std::string_view>& actions, std::string_view if_missing) {
  describe(actions.front());
  const model::RepositoryName& name = require_name();
  auto repository = find_repository();
  std::vector<std::string_view> needed = actions;
  if (!repository && !if_missing.empty()) needed.push_back(if_missing);
  std::vector<Target> targets;
  for (const std::string_view action : needed) {
    targets.push_back(
        make_repository_target(*this, action, registry, name, repository ? &*repository : nullptr));
  }
  authorize(*this, targets);
  return repository;
}

storage::Repository RegistryRequest::authorize_repository(
    const std::vector<std::string_view>& actions) {
  auto repository = authorize_name(actions);
  if (!repository) throw ApiError::repository_not_found(registry.account, require_name());
  return std::move(*repository);
}

storage::Repository RegistryRequest::authorize_push(const std::vector<std::string_view>& actions,
                                                    bool* created) {
  // Almost every push finds its repository: no template is looked for then.
  if (!route.name || find_repository()) return authorize_repository(actions);
  const auto as = creation::find_template(txn, registry, *route.name, creation::Reason::kPush);
  if (!as) return authorize_repository(actions);
  auto repository = authorize_name(actions, "ecr:CreateRepository");
  if (repository) return std::move(*repository);
  if (created != nullptr) *created = true;
  return creation::create_repository(core, txn, {registry, *route.name}, as, now);
}

// The permission alone: the import itself happens later, outside of this transaction.
void RegistryRequest::authorize_import() { authorize_name(kImportActions, "ecr:CreateRepository"); }

// Authorizes anew, in the transaction that stores what the upstream answered.
storage::Repository RegistryRequest::require_import() {
  auto repository = authorize_name(kImportActions, "ecr:CreateRepository");
  if (repository) return std::move(*repository);
  return pull_through::create_repository(services, txn, {registry, require_name()}, now);
}

// ECR's _catalog is not documented; the action on all repositories is inferred.
void RegistryRequest::authorize_registry(std::string_view action) {
  describe(action);
  const Target target = make_repositories_target(*this, action, registry, "*");
  authorize(*this, {target});
}

// ECR's status, headers and body: "Not Authorized" and a newline, as text (test
// TheBodyOfTheChallengeIsEcrs).
HttpResponse challenge(const HttpRequest& request) {
  HttpResponse response = text_response(401, "text/plain; charset=utf-8", "Not Authorized\n");
  response.set("Www-Authenticate",
               base::format("Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"", request.origin()));
  return response;
}

// The header says "this is a registry" to older clients, and every answer has it. Errors have it
// from their encoder.
void finish(const HttpRequest& request, HttpResponse& response) {
  constexpr const char* kVersion = "Docker-Distribution-Api-Version";
  const auto is_version = [](const auto& header) { return header.first == kVersion; };
  if (std::none_of(response.headers.begin(), response.headers.end(), is_version)) {
    response.set(kVersion, "registry/2.0");
  }
  if (request.method == "HEAD") drop_body(response);
}

// The status and the code are those of the OCI specification; the sentence is ECR's, which docker
// prints behind the code: "denied: User: ...".
HttpResponse error_response(const ApiError& error, const HttpRequest& request) {
  if (error.code() == ErrorCode::kUnauthorized) {
    HttpResponse response = challenge(request);
    response.note.error = "UNAUTHORIZED: " + error.message();
    return response;
  }
  return api::error_response(error, ErrorForm::kOci, request);
}

}  // namespace ecr::api::registry
