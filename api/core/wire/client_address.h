// Who the client is when a proxy stands between: X-Forwarded-For and X-Forwarded-Proto count only
// as far as configured proxies vouch for them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/wire/http.h"

namespace ecr::api {

// The address of the client: the peer, or, where that is one of `proxies` (addresses or CIDR
// blocks), the last hop in X-Forwarded-For that is none.
std::string client_address(const HttpRequest& request, const std::vector<std::string>& proxies);

// An address or a CIDR block, as `proxies` holds them.
bool is_proxy_address(std::string_view text);

// TLS between the client and this server, or the first proxy.
bool is_secure(const HttpRequest& request, const std::vector<std::string>& proxies);

}  // namespace ecr::api
