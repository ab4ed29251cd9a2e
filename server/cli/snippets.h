// The texts that `ecr-local print` writes: pieces of configuration for the tools around the server.
// The templates are the files of snippets/, linked in as they are. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecr::server {

struct SnippetValues {
  std::string endpoint;  // "http://localhost:4599"
  std::string account;
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string registry_host;  // template, as --registry-host takes it; empty: the endpoint's host
  std::string version;
};

struct SnippetInfo {
  std::string_view name;
  std::string_view help;
};

// All snippets, sorted by name.
std::vector<SnippetInfo> snippet_list();

// Throws std::runtime_error: no snippet of that name, or an endpoint that is not a URL.
std::string snippet(std::string_view name, const SnippetValues& values);

}  // namespace ecr::server
