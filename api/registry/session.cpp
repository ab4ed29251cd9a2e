#include "api/registry/session.h"

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
#include "schemas/model/arn.h"

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

// A token names a principal and grants nothing: a user that was deleted since, or a session that
// has ended, is refused at once (test ADeletedUserIsOutAtOnce).
Caller require_caller(const Services& services, storage::sql::Txn& txn, const HttpRequest& request,
                      const Credentials& credentials) {
  auto caller = find_caller(services, txn, credentials.claims.access_key_id);
  if (!caller || caller->account != credentials.claims.account) {
    throw noted_registry_failure(
        services, request,
        ApiError::access_denied("The security token included in the request is invalid."));
  }
  return std::move(*caller);
}

}  // namespace

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
  Credentials credentials{std::move(*claims), "", ""};
  if (auto named = parse_registry_host(request.host())) {
    // ECR User Guide, "Private registry authentication": a token is for one Region (test
    // ATokenIsForItsRegion). It is good for the registries of all accounts.
    if (named->region != credentials.claims.region) {
      throw fail(ApiError::access_denied(
          base::format("Your authorization token is for the region {} and cannot be used in {}.",
                       credentials.claims.region, named->region)));
    }
    credentials.account = std::move(named->account);
    credentials.region = std::move(named->region);
  } else {  // a name that says no registry: the registry of the token's own account and region
    credentials.account = credentials.claims.account;
    credentials.region = credentials.claims.region;
  }
  return credentials;
}

Session::Session(const Services& services_, storage::sql::Txn& txn_, const HttpRequest& request_,
                 const Credentials& credentials_, const Route& route_, base::TimePoint now_)
    : Session(services_, txn_, request_, credentials_, route_, now_,
              KnownCaller(require_caller(services_, txn_, request_, credentials_))) {}

Session::Session(const Services& services_, storage::sql::Txn& txn_, const HttpRequest& request_,
                 const Credentials& credentials_, const Route& route_, base::TimePoint now_,
                 const KnownCaller& known)
    : services(services_),
      txn(txn_),
      request(request_),
      credentials(credentials_),
      route(route_),
      now(now_),
      caller(known.caller),
      identity(known.who) {}

const std::optional<storage::Repository>& Session::find_repository() {
  if (!repository_) {
    repository_ =
        storage::find_repository(txn, credentials.account, credentials.region, route.name);
  }
  return *repository_;
}

// Reads on an io thread look at an image twice: whether the pull has to be written down, and for
// the answer.
const std::optional<storage::Image>& Session::find_image(const std::string& digest) {
  if (!image_ || image_->digest != digest) {
    image_ = storage::find_image(txn, find_repository()->id, digest);
  }
  return image_;
}

storage::Repository Session::authorize_repository(std::string_view action, LogNote& note) {
  return authorize_repository(std::vector<std::string_view>{action}, note);
}

void Session::describe(LogNote& note, std::string_view action) const {
  note.principal = caller.principal.arn;
  note.identity = identity;
  note.registry_account = credentials.account;
  note.registry_region = credentials.region;
  note.registry_repository = route.name;
  note.action = action;
}

// The name's grammar comes first, then permission, then whether the repository exists: a caller
// without permission does not learn of it (test EveryRouteAsksForItsActions).
std::optional<storage::Repository> Session::authorize_name(
    const std::vector<std::string_view>& actions, LogNote& note, std::string_view if_missing) {
  describe(note, actions.front());
  if (!model::is_repository_name(route.name)) {
    throw ApiError(ErrorCode::kNameInvalid, "The repository name is not valid");
  }
  auto repository = find_repository();
  std::vector<std::string_view> needed = actions;
  if (!repository && !if_missing.empty()) needed.push_back(if_missing);
  std::vector<Target> targets;
  for (const std::string_view action : needed) {
    targets.push_back(make_repository_target(services, txn, action, credentials.account,
                                             credentials.region, route.name,
                                             repository ? &*repository : nullptr));
  }
  authorize(services, caller, {txn, request, credentials.region, now, most_steps}, targets, note);
  return repository;
}

storage::Repository Session::authorize_repository(const std::vector<std::string_view>& actions,
                                                  LogNote& note) {
  auto repository = authorize_name(actions, note, "");
  if (!repository) throw ApiError::repository_not_found(credentials.account, route.name);
  return std::move(*repository);
}

storage::Repository Session::authorize_push(const std::vector<std::string_view>& actions,
                                            LogNote& note, bool* created) {
  // Almost every push finds its repository: no template is looked for then.
  if (find_repository()) return authorize_repository(actions, note);
  const auto as = creation::find_template(txn, credentials.account, credentials.region, route.name,
                                          creation::Reason::kPush);
  if (!as) return authorize_repository(actions, note);
  auto repository = authorize_name(actions, note, "ecr:CreateRepository");
  if (repository) return std::move(*repository);
  if (created != nullptr) *created = true;
  return creation::create_repository(
      services, txn, {credentials.account, credentials.region, route.name}, as, now);
}

// The permission alone: the import itself happens later, outside of this transaction.
void Session::authorize_import(LogNote& note) {
  authorize_name(kImportActions, note, "ecr:CreateRepository");
}

// Authorizes anew, in the transaction that stores what the upstream answered. The note of this
// authorization is not logged: the request has its note from authorize_import().
storage::Repository Session::require_import() {
  LogNote ignored;
  auto repository = authorize_name(kImportActions, ignored, "ecr:CreateRepository");
  if (repository) return std::move(*repository);
  return pull_through::create_repository(
      services, txn, {credentials.account, credentials.region, route.name}, now);
}

// ECR's _catalog is not documented; the action on all repositories is inferred.
void Session::authorize_registry(std::string_view action, LogNote& note) {
  describe(note, action);
  const Target target = make_repository_target(services, txn, action, credentials.account,
                                               credentials.region, "*", nullptr);
  authorize(services, caller, {txn, request, credentials.region, now, most_steps}, {target}, note);
}

// ECR's status, headers and body: "Not Authorized" and a newline, as text (test
// TheBodyOfTheChallengeIsEcrs).
HttpResponse challenge(const HttpRequest& request) {
  HttpResponse response = text_response(401, "text/plain; charset=utf-8", "Not Authorized\n");
  response.set("Www-Authenticate",
               base::format("Basic realm=\"{}://{}/\",service=\"ecr.amazonaws.com\"",
                            request.secure ? "https" : "http", request.host()));
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
  if (error.code() == ErrorCode::kUnauthorized) return challenge(request);
  return api::error_response(error, ErrorForm::kOci, request);
}

}  // namespace ecr::api::registry
