// How commands ask a running server: the one HTTP client, with the patience of a person who waits.
// Blocking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/wire/transport.h"
#include "server/client/http_client.h"

namespace ecr::server {

// Answers of a server are a few megabytes at most: 1,000 decisions with their traces.
inline constexpr std::uint64_t kMostServerAnswer = 64u << 20;

// For https:// it trusts the system's authorities, that of a server of this user, and those of the
// file that AWS_CA_BUNDLE names, as the AWS CLI does.
HttpClient make_command_client(bool tls);

// "http://HOST:PORT", "https://HOST:PORT" or "HOST:PORT" of --url; what follows is left out. Throws
// std::runtime_error.
base::Url parse_server_url(const std::string& url);

struct ServerCall {
  std::string url;         // as --url has it
  std::string target;      // path and query, encoded
  std::string token = {};  // sent as bearer token where it is not empty
  std::string method = "GET";
  std::string body = {};
  std::string_view elsewhere = "use --url or ECR_LOCAL_URL";  // how to name another server
};
// The answer of an ecr-local, whatever its status. Throws std::runtime_error with what to do where
// nothing answers, or something that is none.
api::ExchangeAnswer ask_server(const ServerCall& call);

// A GET of `target` at that server. nullopt: nothing answers, or not in HTTP. Throws where the URL
// is not one.
std::optional<api::ExchangeAnswer> http_get(const std::string& url, std::string_view target,
                                            std::string_view token = {});

// The message of an error answer, where the server sent one: "the server answers 403: ...".
std::string refusal(const api::ExchangeAnswer& answer);

}  // namespace ecr::server
