#include "api/admin/decisions/failure_reason.h"

#include <chrono>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/decision_json.h"
#include "api/core/access/identity.h"
#include "api/core/web_identity_issuer.h"
#include "api/core/wire/error.h"
#include "auth/iam/match/arn_match.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::admin {
namespace {

using base::format;
using Failure = AuthenticationFailure;

// Tests move the clock, and are then surprised by what has expired.
std::string clock_note(const Failure& failure) {
  const auto moved =
      std::chrono::round<std::chrono::seconds>(failure.time - failure.machine_time).count();
  if (moved > -2 && moved < 2) return "";
  return format(" (the server's clock is {} seconds {} the machine's: /_ecr-local/clock)",
                moved < 0 ? -moved : moved, moved < 0 ? "behind" : "ahead of");
}

std::string expired_session(const Failure& failure, base::TimePoint expires) {
  return format("The temporary credentials {} expired at {}; it was {}{}. Ask for new ones.",
                failure.access_key_id, base::format_iso8601(expires),
                base::format_iso8601(failure.time), clock_note(failure));
}

std::string unknown_key(const Settings& settings, const std::string& key) {
  if (is_reserved_access_key(settings, key)) {
    return format(
        "{} is a root user's default access key, and this server does without these "
        "(--no-default-credentials, or --root-access-key).",
        key);
  }
  if (key.starts_with("ASIA")) {
    return format(
        "There are no temporary credentials {} here. They ended more than a week ago, were made by "
        "another server or for another data directory, or are gone with a reset or with the user "
        "or role they belong to. Ask for new ones.",
        key);
  }
  return format(
      "There is no access key {} here: no user has it, and it is no root user's. Keys come from "
      "iam create-access-key or from a seed; a server with --in-memory forgets them when it ends.",
      key);
}

// What is wrong with the credentials as such. Empty: nothing is.
std::string key_fault(const Services& services, storage::sql::Txn& txn, const Failure& failure) {
  const std::string& key = failure.access_key_id;
  const auto known = find_credential(services, txn, key);
  if (const auto stored = storage::find_access_key(txn, key); stored && !stored->active) {
    return format("The access key {} is inactive (iam update-access-key --status Active).", key);
  }
  if (!known) return unknown_key(services.settings, key);
  const auto session = storage::find_session(txn, key);
  if (session && session->expires_at <= failure.time) {
    return expired_session(failure, session->expires_at);
  }
  if (!find_caller(services, txn, key, failure.signed_region)) {
    return format("The user or role that {} belongs to is gone.", key);
  }
  return "";
}

std::string unrecognized(const Services& services, storage::sql::Txn& txn, const Failure& failure) {
  std::string fault = key_fault(services, txn, failure);
  if (!fault.empty()) return fault;
  const std::string& key = failure.access_key_id;
  if (!storage::find_session(txn, key)) {
    if (!failure.has_session_token) {
      return format("{} is known now, and was not when the request came.", key);
    }
    return format(
        "{} is a long-term key, and the request came with a session token, which belongs to other "
        "credentials. Unset AWS_SESSION_TOKEN.",
        key);
  }
  if (!failure.has_session_token) {
    return format(
        "{} are temporary credentials: a request needs their session token too "
        "(AWS_SESSION_TOKEN).",
        key);
  }
  return format("The session token of the request is not that of {}.", key);
}

std::string wrong_signature(const Services& services, storage::sql::Txn& txn,
                            const Failure& failure) {
  const std::string_view message = failure.message;
  if (message.starts_with("Signature expired") ||
      message.starts_with("Signature not yet current")) {
    return format(
        "The client's clock and this machine's differ by more than 15 minutes, or the request was "
        "sent again long after it was signed. It was {} here.",
        base::format_iso8601(failure.machine_time));
  }
  if (message.starts_with("Credential should be scoped") ||
      message.starts_with("Date in Credential")) {
    return format(
        "The request was signed for the service {} in the region {}, which is not what it asks "
        "for. {}",
        failure.signed_service, failure.signed_region, message);
  }
  if (message.find("SignedHeader") != std::string_view::npos) {
    return format(
        "A header is not covered by the signature: the client did not sign it, or something "
        "between the client and the server added it. {}",
        message);
  }
  std::string fault = key_fault(services, txn, failure);
  if (!fault.empty()) return fault;
  return format(
      "The access key {} is known, and the request was not signed with its secret{}; or "
      "something between the client and the server changed the request (a proxy that rewrites "
      "Host, "
      "the path or the body). It came for the host {}.",
      failure.access_key_id,
      is_default_credential(services.settings, failure.access_key_id) ? ", which is \"test\"" : "",
      failure.host);
}

std::string registry_reason(const Services& services, storage::sql::Txn& txn,
                            const Failure& failure) {
  if (!failure.has_basic_credentials) {
    return "The request has no user name and password. Log in: aws ecr get-login-password | "
           "docker login --username AWS --password-stdin HOST.";
  }
  if (failure.user_name != "AWS") {
    return format(
        "The user name is \"{}\". It has to be AWS, with the password that aws ecr "
        "get-login-password prints.",
        failure.user_name);
  }
  if (!failure.token_expires) {
    return "The password is no token of this server: it is of another server or another data "
           "directory, of AWS itself, or it was cut. Log in again with the password that aws ecr "
           "get-login-password prints.";
  }
  if (*failure.token_expires <= failure.time) {
    return format("The token was issued at {} and expired at {}; it was {}{}. Log in again.",
                  base::format_iso8601(*failure.token_issued),
                  base::format_iso8601(*failure.token_expires), base::format_iso8601(failure.time),
                  clock_note(failure));
  }
  if (failure.message.starts_with("Your authorization token is for the region")) {
    return format(
        "The token was issued for the region {}, and the host {} names another. Log in with the "
        "password of that region (get-login-password --region).",
        failure.token_region, failure.host);
  }
  const std::string fault = key_fault(services, txn, failure);
  return fault.empty() ? format("{} was no caller when the request came, and is one now.",
                                failure.access_key_id)
                       : "The token is good, and whom it names is not: " + fault;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  if (texts.empty()) return "none";
  return "\"" + base::join(texts, "\", \"") + "\"";
}

std::string no_provider(storage::sql::Txn& txn, const std::string& account,
                        const RefusedToken& token) {
  std::vector<std::string> urls;
  for (const auto& one : storage::list_oidc_providers(txn, account)) {
    urls.push_back("https://" + one.url);
  }
  return format(
      "The token's issuer is \"{}\", and account {} has no identity provider of that URL. It has: "
      "{} (iam create-open-id-connect-provider adds one).",
      token.issuer, account, quoted_list(urls));
}

std::string wrong_audience(storage::sql::Txn& txn, const std::string& account,
                           const RefusedToken& token) {
  const auto provider = storage::find_oidc_provider(txn, account, token.issuer);
  return format(
      "The token is for the audience {}, and the identity provider in account {} accepts {}. Ask "
      "the issuer for one of these, or add the other (iam "
      "add-client-id-to-open-id-connect-provider).",
      quoted_list(token.audiences), account,
      provider ? quoted_list(provider->client_ids) : std::string("none"));
}

std::string key_of_issuer(const Settings& settings, const RefusedToken& token) {
  if (is_test_issuer(settings, token.issuer)) {
    return format(
        "This server signs for the issuer \"{}\" itself (--oidc-test-issuer), and the token was "
        "signed with another key, \"{}\": it is the real issuer's, or of another server or data "
        "directory. ecr-local oidc-token makes one.",
        token.issuer, token.key_id);
  }
  return format(
      "The keys of the issuer \"{}\" have none with the id \"{}\", with which the token was "
      "signed: "
      "the token is of another issuer of that name, or its keys changed. --oidc-keys ISSUER=FILE "
      "gives the server a file of keys.",
      token.issuer, token.key_id);
}

std::string web_identity_reason(const Settings& settings, storage::sql::Txn& txn,
                                const Failure& failure) {
  const RefusedToken& token = *failure.web_identity;
  const std::string_view message = failure.message;
  const std::string account(auth::iam::ArnParts(token.role).part[4]);
  if (!token.fault.empty()) {
    return format("The token is no JWT: {}.{}", token.fault,
                  token.fault.find("newline") == std::string::npos
                      ? ""
                      : " Write the file without it (printf %s, or tr -d '\\n').");
  }
  if (failure.code == ErrorCode::kExpiredIdentityToken && token.expires) {
    const base::TimePoint expires{std::chrono::seconds(*token.expires)};
    return format("The token expired at {}; it was {} by this machine's clock. Ask for a new one.",
                  base::format_iso8601(expires), base::format_iso8601(failure.machine_time));
  }
  if (failure.code == ErrorCode::kIdpCommunicationError) {
    return format(
        "The issuer \"{}\" did not answer when it was asked for its keys. --oidc-keys ISSUER=FILE "
        "gives the server a file of them; --oidc-private URL allows an issuer on this machine or a "
        "private network; --oidc-ca names the authority of its certificate; --oidc-test-issuer "
        "makes "
        "the server sign its tokens, for tests.",
        token.issuer);
  }
  if (message.starts_with("No OpenIDConnect provider")) return no_provider(txn, account, token);
  if (message.starts_with("Incorrect token audience")) return wrong_audience(txn, account, token);
  if (message.starts_with("Couldn't retrieve verification key")) {
    return key_of_issuer(settings, token);
  }
  if (message.starts_with("Token signature")) {
    return format(
        "The issuer \"{}\" has a key with the id \"{}\", and the token was not signed with it, or "
        "was changed since.",
        token.issuer, token.key_id);
  }
  if (message.starts_with("Token is not valid yet")) {
    return format(
        "The token begins later than now: it was {} by this machine's clock, and the issuer's "
        "clock is ahead, or nbf is in the future.",
        base::format_iso8601(failure.machine_time));
  }
  return format("The token of the issuer \"{}\" was refused: {}", token.issuer, message);
}

}  // namespace

std::string failure_reason(const Services& services, storage::sql::Txn& txn,
                           const Failure& failure) {
  if (failure.registry) return registry_reason(services, txn, failure);
  if (failure.web_identity) {
    return web_identity_reason(services.settings, txn, failure);
  }
  switch (failure.code) {
    case ErrorCode::kMissingAuthenticationToken:
      return "The request is not signed: the client found no credentials, or was told not to sign "
             "(--no-sign-request).";
    case ErrorCode::kUnrecognizedClient:
      return unrecognized(services, txn, failure);
    case ErrorCode::kInvalidSignature:
      return wrong_signature(services, txn, failure);
    case ErrorCode::kExpiredToken:
      if (const auto session = storage::find_session(txn, failure.access_key_id)) {
        return expired_session(failure, session->expires_at);
      }
      break;
    default:
      break;
  }
  return failure.message;
}

base::OrderedJson failure_json(const Services& services, storage::sql::Txn& txn,
                               const Failure& failure) {
  base::OrderedJson json;
  json["sequence"] = failure.sequence;
  json["requestId"] = failure.request_id;
  json["time"] = time_text(failure.time);
  json["request"] = failure.method;
  json["error"] = std::string(names_of(failure.code).json_type);
  json["message"] = failure.message;
  if (!failure.access_key_id.empty()) json["accessKeyId"] = failure.access_key_id;
  json["why"] = failure_reason(services, txn, failure);
  return json;
}

}  // namespace ecr::api::admin
