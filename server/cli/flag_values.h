// The values that flags take: the name of a value in help, table and completion, and the checks of
// values whose form another part of the program knows. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecr::server {

// "HOST:PORT" of "--listen", "enforce|soft|off" of "--iam"; empty: not named, or no value.
std::string_view value_name(std::string_view flag);
// {"enforce", "soft", "off"} of "--iam"; empty: the flag takes any value.
std::vector<std::string> choices_of(std::string_view flag);

// Empty where `text` is one of the flag's choices, in any case; else which they are.
std::string check_choice(std::string_view flag, const std::string& text);
// Each returns why a value is refused; empty: it is good.
std::string check_account(const std::string& text);
std::string check_region(const std::string& text);
std::string check_proxy(const std::string& text);
std::string check_tls_name(const std::string& text);
std::string check_oidc_keys(const std::string& text);
std::string check_test_issuer(const std::string& text);
std::string check_role(const std::string& text);
std::string check_server_url(const std::string& text);
std::string check_https_url(const std::string& text);
std::string check_upstream(const std::string& text);
std::string check_registry_host(const std::string& text);

}  // namespace ecr::server
