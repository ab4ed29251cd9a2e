// How commands ask a running server: the one HTTP client, with the patience of a person who waits.
// http:// only. Blocking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/wire/transport.h"
#include "server/client/http_client.h"

namespace ecr::server {

// Answers of a server are a few megabytes at most: 1,000 decisions with their traces.
inline constexpr std::uint64_t kMostServerAnswer = 64u << 20;

HttpClient make_command_client();

// "http://HOST:PORT" of --url; what follows is left out. Throws std::runtime_error.
base::Url parse_server_url(const std::string& url);

// A GET of `target` (path and query, encoded) at that server. `token`: sent as bearer token where
// it is not empty. nullopt: nothing answers, or not in HTTP. Throws where the URL is not one.
std::optional<api::ExchangeAnswer> http_get(const std::string& url, std::string_view target,
                                            std::string_view token = {});

}  // namespace ecr::server
