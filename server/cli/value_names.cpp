#include "server/cli/value_names.h"

#include <utility>

namespace ecr::server {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"--access-log", "text|json|off"},
    {"--account", "ID"},
    {"--admin-host", "NAME"},
    {"--admin-token", "TOKEN"},
    {"--config", "FILE"},
    {"--data-dir", "DIR"},
    {"--event-log-size", "N"},
    {"--events-webhook", "URL"},
    {"--gc-grace", "DURATION"},
    {"--gc-interval", "DURATION"},
    {"--header-timeout", "SECONDS"},
    {"--iam", "enforce|soft|off"},
    {"--idle-timeout", "SECONDS"},
    {"--listen", "HOST:PORT"},
    {"--oidc-ca", "FILE"},
    {"--oidc-keys", "ISSUER=FILE"},
    {"--progress-timeout", "SECONDS"},
    {"--region", "NAME"},
    {"--registry-host", "TEMPLATE"},
    {"--root-access-key", "KEY"},
    {"--root-secret-key", "KEY"},
    {"--scan-findings", "PATH"},
    {"--scanner-command", "COMMAND"},
    {"--seed", "FILE"},
    {"--tls", "auto|off"},
    {"--tls-cert", "FILE"},
    {"--tls-key", "FILE"},
    {"--tls-listen", "HOST:PORT"},
    {"--tls-name", "NAME"},
    {"--trusted-proxy", "ADDRESS"},
    {"--type", "identity|repository|registry|registry-v1|trust|session|scp|rcp"},
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

}  // namespace ecr::server
