// The values that flags take: the name of a value in help, table and completion, and the checks of
// values whose form another part of the program knows. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ecr::server {

// "HOST:PORT" of "--listen", "enforce|soft|off" of "--iam"; empty: not named, or no value.
std::string_view value_name(std::string_view flag);

// Each returns why a value is refused; empty: it is good.
std::string check_account(const std::string& text);
std::string check_region(const std::string& text);
std::string check_proxy(const std::string& text);
std::string check_tls_name(const std::string& text);
std::string check_oidc_keys(const std::string& text);
std::string check_https_url(const std::string& text);
std::string check_upstream(const std::string& text);
std::string check_registry_host(const std::string& text);

}  // namespace ecr::server
