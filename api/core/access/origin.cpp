#include "api/core/access/origin.h"

#include <algorithm>
#include <array>
#include <string>

#include "api/core/access/identity.h"
#include "api/core/registry_host.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/aws_hosts.h"

namespace ecr::api {
namespace {

// Host names below these, and below AWS's own domains, are nobody else's: LocalStack's name
// resolves to 127.0.0.1, and the others are reserved for private use, .internal by ICANN (2024),
// .local by RFC 6762; clusters name their services under the latter. Whoever points one of AWS's
// names here has the resolver of this machine in hand.
constexpr std::array<std::string_view, 3> kTrustedSuffixes = {".internal", ".local",
                                                              ".localhost.localstack.cloud"};

// Hosts come in any case; most have no letters in upper case, and then nothing is copied.
bool ends_with_ignoring_case(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() &&
         base::equals_ignore_case(name.substr(name.size() - suffix.size()), suffix);
}

bool is_address(std::string_view name) {
  if (name.starts_with('[')) return true;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool is_listed(std::string_view name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [name](const std::string& each) {
    return base::equals_ignore_case(each, name);
  });
}

std::string_view first_label(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view label = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return label;
}

// Label by label, so that a placeholder never stands for a domain.
bool label_matches(std::string_view pattern, std::string_view label) {
  if (pattern == "{account}") return model::is_account_id(label);
  std::string wildcard(pattern);
  base::replace_all(wildcard, "{account}", "*");
  base::replace_all(wildcard, "{region}", "*");
  return base::wildcard_matches(wildcard, label);
}

// Whether the name is one that the template of --registry-host makes. A template whose last label
// is a placeholder would be any name, and vouches for none.
bool fits_template(std::string_view pattern, std::string_view host) {
  const std::string lower = base::to_lower(host);
  std::string_view name = lower;
  std::string_view rest = base::without_port(pattern);
  if (rest.empty() || rest.substr(rest.rfind('.') + 1).find('{') != std::string_view::npos) {
    return false;
  }
  while (!rest.empty() && !name.empty()) {
    const std::string part = base::to_lower(first_label(rest));
    if (!label_matches(part, first_label(name))) return false;
  }
  return rest.empty() && name.empty();
}

// Every browser's User-Agent begins with it, and a page cannot change that of an image.
bool is_browser(const HttpRequest& head) {
  return head.headers.get("user-agent").starts_with("Mozilla/");
}

// A browser says where a request comes from: Sec-Fetch-Site (W3C, Fetch Metadata Request Headers)
// to origins that it trusts, loopback among them, and Origin on every request that is not a plain
// GET. "none" is an address that a person typed. Other clients send neither header. A plain GET to
// another origin comes without both; it can do something only where its URL is signed.
bool is_foreign(const HttpRequest& head) {
  const std::string_view site = head.headers.get("sec-fetch-site");
  // "same-site" is another port or subdomain: another program's page.
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const auto origin = head.headers.find("origin");
  if (!origin) {
    const bool is_signed = head.query().find("X-Amz-Signature=") != std::string_view::npos;
    return site.empty() && is_signed && is_browser(head);
  }
  // Two views are compared, because this is asked of every request.
  std::string_view rest = *origin;
  const std::string_view scheme = head.secure ? "https://" : "http://";
  if (!rest.starts_with(scheme)) return true;
  rest.remove_prefix(scheme.size());
  return !base::equals_ignore_case(rest, head.host());
}

bool is_registry_read(const HttpRequest& head) {
  return (head.method == "GET" || head.method == "HEAD") && head.plane == Plane::kRegistry &&
         head.headers.find("authorization");
}

// The flag that makes `name` trusted. A registry's name is allowed with all its siblings.
std::string flag_for(std::string_view name) {
  auto registry = parse_registry_host(name);
  if (!registry) return base::format("--admin-host {}", name);
  registry->account = "{account}";
  registry->region = "{region}";
  return base::format("--registry-host '{}:{{port}}'", registry->text());
}

}  // namespace

std::optional<ApiError> check_origin(const HttpRequest& head) {
  if (!is_foreign(head) || is_registry_read(head)) return std::nullopt;
  return ApiError::access_denied("A web page of another site may not send this request");
}

bool is_own_host(const Settings& settings, std::string_view host) {
  const std::string_view name = base::without_port(host);
  return is_address(name) || base::equals_ignore_case(name, "localhost") ||
         ends_with_ignoring_case(name, ".localhost") || is_listed(name, settings.admin_hosts);
}

bool is_trusted_host(const Settings& settings, std::string_view host) {
  if (is_own_host(settings, host)) return true;
  const std::string_view name = base::without_port(host);
  if (name.find('.') == std::string_view::npos) return true;
  return std::any_of(
             kTrustedSuffixes.begin(), kTrustedSuffixes.end(),
             [name](std::string_view suffix) { return ends_with_ignoring_case(name, suffix); }) ||
         model::is_aws_name(name) || base::equals_ignore_case(name, "localhost.localstack.cloud") ||
         is_listed(name, settings.tls_names) || fits_template(settings.registry_host, name);
}

void check_default_credentials(const Settings& settings, std::string_view access_key_id,
                               const HttpRequest& request) {
  if (!is_default_credential(settings, access_key_id)) return;
  if (is_trusted_host(settings, request.host())) return;
  const std::string_view name = base::without_port(request.host());
  throw ApiError::access_denied(base::format(
      "The default credentials are not accepted under the host name {}, which anybody's DNS could "
      "point to this server. Start ecr-local with {} to accept them, or use other credentials.",
      name, flag_for(base::to_lower(name))));
}

}  // namespace ecr::api
