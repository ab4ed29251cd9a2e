#include "server/cli/snippets.h"

#include <map>
#include <stdexcept>

#include "api/core/registry_host.h"
#include "schemas/base/embed.h"
#include "schemas/base/text.h"
#include "schemas/base/url.h"
#include "schemas/model/aws_hosts.h"

// The build embeds the files (schemas/base/embed.h), so the program needs none of them at run time,
// and each file has the syntax and the editor support of its own format.
#define ECR_SNIPPET(name, file) ECR_EMBED(name, ECR_SNIPPET_DIR "/" file)

ECR_SNIPPET(snippet_aws_config, "aws-config.ini")
ECR_SNIPPET(snippet_aws_hosts, "aws-hosts.txt")
ECR_SNIPPET(snippet_cdk, "cdk.sh")
ECR_SNIPPET(snippet_compose, "compose.yaml")
ECR_SNIPPET(snippet_daemon_json, "daemon.json")
ECR_SNIPPET(snippet_docker_login, "docker-login.sh")
ECR_SNIPPET(snippet_env, "env.sh")
ECR_SNIPPET(snippet_export_account, "export-account.sh")
ECR_SNIPPET(snippet_github_actions, "github-actions.yaml")
ECR_SNIPPET(snippet_github_actions_oidc, "github-actions-oidc.yaml")
ECR_SNIPPET(snippet_github_policy_tests, "github-policy-tests.yaml")
ECR_SNIPPET(snippet_gitlab_ci, "gitlab-ci.yaml")
ECR_SNIPPET(snippet_gitlab_policy_tests, "gitlab-policy-tests.yaml")
ECR_SNIPPET(snippet_hosts, "hosts.txt")
ECR_SNIPPET(snippet_hosts_toml, "hosts.toml")
ECR_SNIPPET(snippet_k3d, "k3d.yaml")
ECR_SNIPPET(snippet_kind, "kind.yaml")
ECR_SNIPPET(snippet_policy_tests_schema, "policy-tests.schema.json")
ECR_SNIPPET(snippet_registries_conf, "registries.conf")
ECR_SNIPPET(snippet_terraform, "terraform.tf")

namespace ecr::server {
namespace {

struct Template {
  SnippetInfo info;
  std::string_view text;
};

// Sorted by name, which is the order of `print --list`.
const std::vector<Template>& templates() {
  static const std::vector<Template> kAll{
      {{"aws-config", "a profile for ~/.aws/config"}, ECR_EMBEDDED(snippet_aws_config)},
      {{"aws-hosts", "lines for /etc/hosts: AWS's own names on this machine, with TLS"},
       ECR_EMBEDDED(snippet_aws_hosts)},
      {{"cdk", "shell: publishes the images of a CDK app"}, ECR_EMBEDDED(snippet_cdk)},
      {{"compose", "compose.yaml with the server as a service"}, ECR_EMBEDDED(snippet_compose)},
      {{"daemon.json", "docker's engine: the registry without TLS"},
       ECR_EMBEDDED(snippet_daemon_json)},
      {{"docker-login", "shell: docker login"}, ECR_EMBEDDED(snippet_docker_login)},
      {{"env", "shell: endpoint, keys and region for AWS clients"}, ECR_EMBEDDED(snippet_env)},
      {{"export-account", "shell: exports an AWS account for import-account"},
       ECR_EMBEDDED(snippet_export_account)},
      {{"github-actions", "a workflow that builds and pushes"},
       ECR_EMBEDDED(snippet_github_actions)},
      {{"github-actions-oidc", "a workflow that assumes a role with GitHub's token"},
       ECR_EMBEDDED(snippet_github_actions_oidc)},
      {{"github-policy-tests", "a workflow that tests policies"},
       ECR_EMBEDDED(snippet_github_policy_tests)},
      {{"gitlab-ci", "a pipeline that builds and pushes"}, ECR_EMBEDDED(snippet_gitlab_ci)},
      {{"gitlab-policy-tests", "a pipeline that tests policies"},
       ECR_EMBEDDED(snippet_gitlab_policy_tests)},
      {{"hosts", "a line for /etc/hosts: the registry of an account by its name"},
       ECR_EMBEDDED(snippet_hosts)},
      {{"hosts.toml", "containerd: where a registry's images are"},
       ECR_EMBEDDED(snippet_hosts_toml)},
      {{"k3d", "a k3d cluster that pulls from here"}, ECR_EMBEDDED(snippet_k3d)},
      {{"kind", "a kind cluster that pulls from here"}, ECR_EMBEDDED(snippet_kind)},
      {{"policy-tests-schema", "JSON Schema of the files of `ecr-local test`"},
       ECR_EMBEDDED(snippet_policy_tests_schema)},
      {{"registries.conf", "podman, buildah, skopeo: the registry without TLS"},
       ECR_EMBEDDED(snippet_registries_conf)},
      {{"terraform", "Terraform's provider block"}, ECR_EMBEDDED(snippet_terraform)},
  };
  return kAll;
}

struct Endpoint {
  std::string scheme;     // "http"
  std::string authority;  // "localhost:4599"
  std::string host;       // "localhost"
  std::string port;       // "4599"
};

// https:// is taken as well: nothing connects here, and the snippets differ for a registry with
// TLS.
Endpoint parse_endpoint(const std::string& given) {
  // "localhost:4599", as people write it.
  const bool has_scheme = given.find("://") != std::string::npos;
  const auto url = base::parse_url(has_scheme ? given : "http://" + given);
  if (!url) {
    throw std::runtime_error("--url " + given + ": must be http://HOST:PORT or https://HOST:PORT");
  }
  return {url->tls ? "https" : "http", url->authority(), url->host, std::to_string(url->port)};
}

// A line of /etc/hosts needs an address.
std::string address_of(const std::string& host) {
  const bool is_address =
      host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == host.npos;
  // A name, and an address to listen on, both stand for this machine.
  return is_address && host != "0.0.0.0" ? host : "127.0.0.1";
}

// The lines of /etc/hosts, a name each: some resolvers take a bounded number of names a line.
std::string hosts_lines(const std::string& address, const SnippetValues& given) {
  std::string lines;
  for (const std::string& name : model::aws_hosts(given.region, given.account)) {
    lines += base::format("{}{} {}", lines.empty() ? "" : "\n", address, name);
  }
  return lines;
}

using Values = std::map<std::string, std::string, std::less<>>;

Values all_values(const SnippetValues& given) {
  const Endpoint endpoint = parse_endpoint(given.endpoint);
  api::Settings settings;
  settings.registry_host = given.registry_host;
  // The same function that makes repositoryUri, so a snippet names the registry exactly as the
  // server does.
  const std::string registry =
      api::registry_host(settings, endpoint.authority, {given.account, given.region}, true);
  // For a container, whose own port is another one than that of the endpoint.
  std::string registry_host =
      given.registry_host.empty() ? endpoint.authority : given.registry_host;
  base::replace_all(registry_host, "{port}", endpoint.port);
  return {{"endpoint", endpoint.scheme + "://" + endpoint.authority},
          {"scheme", endpoint.scheme},
          {"port", endpoint.port},
          {"address", address_of(endpoint.host)},
          {"hosts_lines", hosts_lines(address_of(endpoint.host), given)},
          {"registry", registry},
          {"registry_host", registry_host},
          // The text of a boolean, as TOML, JSON and YAML have it.
          {"insecure", endpoint.scheme == "http" ? "true" : "false"},
          {"account", given.account},
          {"region", given.region},
          {"access_key", given.access_key},
          {"secret_key", given.secret_key},
          {"version", given.version}};
}

// "@name@" becomes the value of that name; every other "@" stays. Shell and YAML use "$", "{}" and
// "%" themselves, so the placeholder is the "@" of autoconf. Snippets.HaveNoPlaceholderLeft fills
// in every template.
std::string fill_in(std::string_view text, const Values& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    out += text.substr(0, at);
    if (at == text.npos) break;
    text.remove_prefix(at + 1);
    const std::size_t end = text.find('@');
    const auto found = end == text.npos ? values.end() : values.find(text.substr(0, end));
    // An "@" of the text itself, as in the address of a user.
    if (found == values.end()) {
      out += '@';
      continue;
    }
    out += found->second;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::vector<SnippetInfo> snippet_list() {
  std::vector<SnippetInfo> list;
  for (const Template& each : templates()) list.push_back(each.info);
  return list;
}

std::string snippet(std::string_view name, const SnippetValues& values) {
  std::vector<std::string> names;
  for (const Template& each : templates()) {
    if (each.info.name == name) return fill_in(each.text, all_values(values));
    names.emplace_back(each.info.name);
  }
  throw std::runtime_error(base::format("print {}: there is no such snippet{} (print --list)", name,
                                        base::did_you_mean(std::string(name), names)));
}

}  // namespace ecr::server
