#include "server/cli/snippets.h"

#include <map>
#include <stdexcept>

#include "api/core/registry_host.h"
#include "schemas/base/suggestion.h"
#include "schemas/base/text.h"
#include "server/runtime/listen_address.h"

// The assembler copies the files; CMake makes this object depend on them.
#define ECR_SNIPPET(name, file)                                                                  \
  __asm__(                                                                                       \
      ".pushsection .rodata\n"                                                                   \
      ".global ecr_snippet_" #name "\n.hidden ecr_snippet_" #name "\necr_snippet_" #name         \
      ":\n"                                                                                      \
      ".incbin \"" ECR_SNIPPET_DIR "/" file                                                      \
      "\"\n"                                                                                     \
      ".global ecr_snippet_" #name "_end\n.hidden ecr_snippet_" #name "_end\necr_snippet_" #name \
      "_end:\n.byte 0\n"                                                                         \
      ".popsection\n");                                                                          \
  extern "C" const char ecr_snippet_##name[];                                                    \
  extern "C" const char ecr_snippet_##name##_end[];

ECR_SNIPPET(aws_config, "aws-config.ini")
ECR_SNIPPET(cdk, "cdk.sh")
ECR_SNIPPET(compose, "compose.yaml")
ECR_SNIPPET(daemon_json, "daemon.json")
ECR_SNIPPET(docker_login, "docker-login.sh")
ECR_SNIPPET(env, "env.sh")
ECR_SNIPPET(github_actions, "github-actions.yaml")
ECR_SNIPPET(gitlab_ci, "gitlab-ci.yaml")
ECR_SNIPPET(hosts, "hosts.txt")
ECR_SNIPPET(hosts_toml, "hosts.toml")
ECR_SNIPPET(k3d, "k3d.yaml")
ECR_SNIPPET(kind, "kind.yaml")
ECR_SNIPPET(registries_conf, "registries.conf")
ECR_SNIPPET(terraform, "terraform.tf")

namespace ecr::server {
namespace {

struct Template {
  SnippetInfo info;
  std::string_view text;
};

#define ECR_TEXT(name) \
  std::string_view { ecr_snippet_##name, ecr_snippet_##name##_end }

const std::vector<Template>& templates() {
  static const std::vector<Template> kAll{
      {{"aws-config", "a profile for ~/.aws/config"}, ECR_TEXT(aws_config)},
      {{"cdk", "shell: publishes the images of a CDK app"}, ECR_TEXT(cdk)},
      {{"compose", "compose.yaml with the server as a service"}, ECR_TEXT(compose)},
      {{"daemon.json", "docker's engine: the registry without TLS"}, ECR_TEXT(daemon_json)},
      {{"docker-login", "shell: docker login"}, ECR_TEXT(docker_login)},
      {{"env", "shell: endpoint, keys and region for AWS clients"}, ECR_TEXT(env)},
      {{"github-actions", "a workflow that builds and pushes"}, ECR_TEXT(github_actions)},
      {{"gitlab-ci", "a pipeline that builds and pushes"}, ECR_TEXT(gitlab_ci)},
      {{"hosts", "lines for /etc/hosts: AWS's names on this machine"}, ECR_TEXT(hosts)},
      {{"hosts.toml", "containerd: where a registry's images are"}, ECR_TEXT(hosts_toml)},
      {{"k3d", "a k3d cluster that pulls from here"}, ECR_TEXT(k3d)},
      {{"kind", "a kind cluster that pulls from here"}, ECR_TEXT(kind)},
      {{"registries.conf", "podman, buildah, skopeo: the registry without TLS"},
       ECR_TEXT(registries_conf)},
      {{"terraform", "Terraform's provider block"}, ECR_TEXT(terraform)},
  };
  return kAll;
}

struct Endpoint {
  std::string scheme;     // "http"
  std::string authority;  // "localhost:4599"
  std::string host;       // "localhost"
  std::string port;       // "4599"
};

Endpoint parse_endpoint(const std::string& url) {
  Endpoint endpoint;
  const std::size_t colon = url.find("://");
  endpoint.scheme = url.substr(0, colon);
  if (colon == std::string::npos || (endpoint.scheme != "http" && endpoint.scheme != "https")) {
    throw std::runtime_error("--url " + url + ": must be http://HOST:PORT or https://HOST:PORT");
  }
  endpoint.authority = url.substr(colon + 3, url.find('/', colon + 3) - colon - 3);
  const std::size_t last = endpoint.authority.rfind(':');
  const bool has_port = last != std::string::npos && !endpoint.authority.ends_with(']');
  const std::string fallback = endpoint.scheme == "https" ? ":443" : ":80";
  const ListenAddress parsed =
      parse_listen_address(endpoint.authority + (has_port ? "" : fallback), "--url");
  endpoint.host = parsed.host;
  endpoint.port = std::to_string(parsed.port);
  return endpoint;
}

// A line of /etc/hosts needs an address.
std::string address_of(const std::string& host) {
  const bool is_address =
      host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == host.npos;
  return is_address && host != "0.0.0.0" ? host : "127.0.0.1";
}

using Values = std::map<std::string, std::string, std::less<>>;

Values all_values(const SnippetValues& given) {
  const Endpoint endpoint = parse_endpoint(given.endpoint);
  api::Settings settings;
  settings.registry_host = given.registry_host;
  const std::string registry =
      api::registry_host(settings, endpoint.authority, given.account, given.region, true);
  return {{"endpoint", endpoint.scheme + "://" + endpoint.authority},
          {"scheme", endpoint.scheme},
          {"port", endpoint.port},
          {"address", address_of(endpoint.host)},
          {"registry", registry},
          {"insecure", endpoint.scheme == "http" ? "true" : "false"},
          {"account", given.account},
          {"region", given.region},
          {"access_key", given.access_key},
          {"secret_key", given.secret_key},
          {"version", given.version}};
}

// "@name@" becomes the value of that name; every other "@" stays.
std::string fill_in(std::string_view text, const Values& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    out += text.substr(0, at);
    if (at == text.npos) break;
    text.remove_prefix(at + 1);
    const std::size_t end = text.find('@');
    const auto found = end == text.npos ? values.end() : values.find(text.substr(0, end));
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
