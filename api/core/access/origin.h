// Where a request comes from: whether a web page of another site had it sent, and whether the name
// in its Host could be made by a stranger to point to this server. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api {

class ApiError;

// The one check of a request's origin, made of its head before any part of the API sees it.
// nullopt: it may go on. A request that a web page of another site had a browser send changes
// nothing, and reads nothing but /v2/ with credentials of its own: a browser also sends what the
// page could not (it reaches this machine's loopback addresses), and the default credentials are
// public. REQUIRES: settle_client() was called, and the plane is known.
std::optional<ApiError> check_origin(const HttpRequest& head);

// True for names that stand for this machine alone: addresses, localhost and what ends in it, and
// those of --admin-host. `host`: the header's value, with or without port.
bool is_own_host(const Settings& settings, std::string_view host);

// True for names that no stranger's DNS can make point to this server: own hosts, names without a
// dot (as containers have), *.internal, *.local, names of AWS and LocalStack, and those that
// --registry-host and --tls-name give.
bool is_trusted_host(const Settings& settings, std::string_view host);

// Throws kAccessDenied where the key is one of the default credentials and the request's Host is
// not trusted. A page of evil.example can make that name resolve to this server (DNS rebinding),
// and its requests have the same origin then; they still carry the name in Host. The text names the
// flag that would allow the name.
void check_default_credentials(const Settings& settings, std::string_view access_key_id,
                               const HttpRequest& request);

}  // namespace ecr::api
