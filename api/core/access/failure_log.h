// The last requests whose caller could not be authenticated, with what is needed to say why. AWS's
// answers do not tell: to a stranger they must not. Whoever runs the server may know, by the
// request's id (/_ecr-local/authentication-failures, `ecr-local explain`). In memory and bounded;
// no secret, signature or token is kept. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/wire/http.h"
#include "schemas/base/clock.h"

namespace ecr::api {

class ApiError;
enum class ErrorCode;
struct Services;

// What a web identity token said of itself. Not to be believed: it was refused.
struct RefusedToken {
  std::string fault;  // why it is no JWT; empty: it is one
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  std::string key_id;
  std::optional<std::int64_t> expires;  // seconds since the epoch
  std::string role;                     // that was to be assumed
};

// One request. Texts that a client sent are cut.
struct AuthenticationFailure {
  std::uint64_t sequence = 0;  // from 1, by the log
  std::string request_id;
  base::TimePoint time;          // by the clock that clients see
  base::TimePoint machine_time;  // against which signatures are checked
  ErrorCode code{};
  std::string message;         // that the client got
  std::string method;          // of the request, with its path
  std::string host;            // that the request named
  std::string access_key_id;   // empty: the request names none
  std::string signed_region;   // of the signature's scope
  std::string signed_service;  // likewise
  bool has_session_token = false;
  // A registry request: what "docker login" stored.
  bool registry = false;
  bool has_basic_credentials = false;
  std::string user_name;                        // of Basic; ECR's is AWS
  std::optional<base::TimePoint> token_issued;  // set where the password is a token of this server
  std::optional<base::TimePoint> token_expires;
  std::string token_region;
  std::optional<RefusedToken> web_identity;
};

class FailureLog {
 public:
  using Filter = std::function<bool(const AuthenticationFailure&)>;

  explicit FailureLog(std::size_t capacity = 1000) : capacity_(capacity) {}

  void record(AuthenticationFailure failure);
  // Those that `filter` takes, newest first, at most `limit`.
  std::vector<AuthenticationFailure> read_back(std::size_t limit, const Filter& filter) const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::deque<AuthenticationFailure> failures_;
};

// Records the failure, if the error says that the caller is not known. Call it where such an error
// ends the request. Never throws for what a client sent. Returns what the server's log says beside
// AWS's text, which names neither the key nor the fault of a token; empty: nothing.
std::string note_failure(const Services& services, const HttpRequest& request,
                         const ApiError& error);

// The same for a registry request, whose error codes are others. Returns the error, to be thrown.
// The message of kUnauthorized, which no client gets (challenge()), then says which half of a login
// is wrong: it is for the log.
ApiError noted_registry_failure(const Services& services, const HttpRequest& request,
                                ApiError error);

}  // namespace ecr::api
