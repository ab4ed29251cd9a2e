#include "server/cli/flag_values.h"

#include <algorithm>
#include <utility>

#include "api/admin/oidc/provider_claims.h"
#include "api/core/wire/http.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/base/url.h"
#include "schemas/model/arn.h"
#include "server/tls/server_certificates.h"

namespace ecr::server {
namespace {

// The value's name by flag, sorted by flag. "a|b|c" is a choice of those words, and completion
// reads it as one; any other name is free text. One name holds for every command that has the flag.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"--access-log", "text|json|off"},
    {"--account", "ID"},
    {"--admin-host", "NAME"},
    {"--admin-token", "TOKEN"},
    {"--at", "TIME"},
    {"--audience", "AUDIENCE"},
    {"--changed", "POLICY=FILE"},
    {"--claim", "KEY=VALUE"},
    {"--config", "FILE"},
    {"--context", "KEY=VALUE"},
    {"--credentials", "FILE"},
    {"--credentials-token", "FILE"},
    {"--data-dir", "DIR"},
    {"--event-log-size", "N"},
    {"--endpoint-policy", "FILE"},
    {"--events-webhook", "URL"},
    {"--gc-grace", "DURATION"},
    {"--gc-interval", "DURATION"},
    {"--header-timeout", "SECONDS"},
    {"--iam", "enforce|soft|off"},
    {"--idle-timeout", "SECONDS"},
    {"--images", "FILE"},
    {"--imds-listen", "HOST:PORT"},
    {"--imds-role", "ROLE"},
    {"--issuer", "URL"},
    {"--junit", "FILE"},
    {"--last", "N"},
    {"--lifetime", "DURATION"},
    {"--listen", "HOST:PORT"},
    {"--oidc-ca", "FILE"},
    {"--oidc-keys", "ISSUER=FILE"},
    {"--oidc-private", "URL"},
    {"--oidc-test-issuer", "ISSUER"},
    {"--output", "FILE"},
    {"--principal", "PRINCIPAL"},
    {"--progress-timeout", "SECONDS"},
    {"--provider", "github|gitlab|buildkite|circleci|google|oracle|other"},
    {"--questions", "FILE"},
    {"--region", "NAME"},
    {"--registry-host", "TEMPLATE"},
    {"--role", "ARN"},
    {"--root-access-key", "KEY"},
    {"--root-secret-key", "KEY"},
    {"--scan-findings", "PATH"},
    {"--scanner-command", "COMMAND"},
    {"--seed", "FILE"},
    {"--source-account", "ACCOUNT"},
    {"--source-arn", "ARN"},
    {"--stop-timeout", "SECONDS"},
    {"--tls", "auto|off"},
    {"--tls-cert", "FILE"},
    {"--tls-key", "FILE"},
    {"--tls-listen", "HOST:PORT"},
    {"--tls-name", "NAME"},
    {"--trusted-proxy", "ADDRESS"},
    {"--type", "identity|repository|registry|trust|session|scp|rcp|endpoint|lifecycle"},
    {"--upstream", "HOST=URL"},
    {"--upstream-ca", "FILE"},
    {"--upstream-secrets", "FILE"},
    {"--upstream-timeout", "SECONDS"},
    {"--url", "URL"},
    {"--workers", "N"},
};

}  // namespace

std::string_view value_name(std::string_view flag) {
  for (const auto& [name, value] : kNames) {
    if (name == flag) return value;
  }
  return {};
}

// The name in the help is the only list of a choice's values, so help, completion and check agree.
std::vector<std::string> choices_of(std::string_view flag) {
  std::string_view rest = value_name(flag);
  std::vector<std::string> values;
  if (rest.find('|') == rest.npos) return values;
  for (std::size_t bar = 0; bar != rest.npos;) {
    bar = rest.find('|');
    values.emplace_back(rest.substr(0, bar));
    if (bar != rest.npos) rest.remove_prefix(bar + 1);
  }
  return values;
}

std::string check_choice(std::string_view flag, const std::string& text) {
  std::vector<std::string> choices = choices_of(flag);
  if (std::find(choices.begin(), choices.end(), base::to_lower(text)) != choices.end()) return "";
  const std::string last = choices.back();
  choices.pop_back();
  return base::format("must be {} or {}, not \"{}\"", base::join(choices, ", "), last, text);
}

// The checks return text because CLI11's validators do: empty is good, anything else is the error.
std::string check_account(const std::string& text) {
  return model::is_account_id(text) ? "" : "an account id has 12 digits, such as 123456789012";
}

std::string check_region(const std::string& text) {
  return model::is_region(text) ? "" : "must be a region, such as us-east-1";
}

// The forms that the API takes in --trusted-proxy, asked of the API itself.
std::string check_proxy(const std::string& text) {
  return api::is_proxy_address(text) ? "" : text + " is neither an address nor a CIDR block";
}

// The same rule that certificate_names() applies, which would drop a bad name without a word.
std::string check_tls_name(const std::string& text) {
  return is_ip_address(text) || is_dns_name(base::to_lower(text))
             ? ""
             : text + " is neither a host name nor an address";
}

// IAM's OIDC providers have https:// URLs (IAM API reference, CreateOpenIDConnectProvider). An
// issuer's URL has no "=", so the first one ends it. The file is read later, by `serve`.
std::string check_oidc_keys(const std::string& text) {
  const bool good = text.starts_with("https://") && text.find('=') != std::string::npos;
  return good ? "" : "must be ISSUER=FILE, with an issuer that begins with https://";
}

// A provider stands for its issuer.
std::string check_test_issuer(const std::string& text) {
  const bool known = !api::admin::usual_issuer(text).empty();
  const auto url = base::parse_url(text);
  if (known || (url && url->tls)) return "";
  return "must be a provider, such as github, or a URL that begins with https://";
}

std::string check_role(const std::string& text) {
  const auto arn = model::Arn::parse(text);
  const bool is_arn = arn && arn->service == "iam" && arn->resource.starts_with("role/") &&
                      model::is_account_id(arn->account);
  const bool is_name = !text.empty() && text.find_first_of(":/") == std::string::npos;
  return is_arn || is_name ? "" : "must be the name of a role, or its ARN";
}

// Without a scheme it is http:// (parse_server_url()).
std::string check_server_url(const std::string& text) {
  const bool has_scheme = text.find("://") != std::string::npos;
  return base::parse_url(has_scheme ? text : "http://" + text)
             ? ""
             : "must be http://HOST:PORT or https://HOST:PORT, not \"" + text + "\"";
}

std::string check_https_url(const std::string& text) {
  const auto url = base::parse_url(text);
  return url && url->tls ? "" : "must be a URL that begins with https://";
}

// http:// is allowed, because a registry on the same machine mostly has no TLS.
std::string check_upstream(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool good = equals != std::string::npos && equals > 0 &&
                    base::parse_url(text.substr(equals + 1)).has_value();
  return good ? "" : "must be HOST=URL, with a URL that begins with http:// or https://";
}

// A misspelt placeholder would stand in every repositoryUri.
std::string check_registry_host(const std::string& text) {
  std::string host = text;
  for (const std::string_view name : {"{account}", "{region}", "{port}"}) {
    for (std::size_t at; (at = host.find(name)) != std::string::npos;) host.erase(at, name.size());
  }
  // A brace that is left is a placeholder that nothing fills in.
  const bool clean = host.find_first_of("{}/ ") == std::string::npos;
  return clean ? "" : "must be a host name; its placeholders are {account}, {region} and {port}";
}

}  // namespace ecr::server
