// The smallest HTTP client that posts: one request, one status. Blocking; http:// only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ecr::server {

struct HttpUrl {
  std::string host;       // name or address; IPv6 without brackets
  std::string port;       // "80" where the URL has none
  std::string authority;  // as it stands in the URL: the Host header
  std::string target;     // path and query; "/" at least
};
// nullopt: not an http:// URL, or one with a user name or a fragment. Pure.
std::optional<HttpUrl> parse_http_url(std::string_view url);

// The status of the answer; nullopt: nothing answers within a few seconds, or not in HTTP.
std::optional<int> http_post(const HttpUrl& url, std::string_view content_type,
                             std::string_view body);

}  // namespace ecr::server
