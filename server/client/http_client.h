// A small HTTP client: one request a connection, http:// only, blocking. The commands that ask a
// running server use it, and webhooks do. It never waits longer than a few seconds for the other
// end to do something.
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

// A connected socket that waits at most 3 seconds for anything, or -1.
int connect_to(const std::string& host, const std::string& port);
// False: the other end takes no more.
bool send_all(int fd, std::string_view bytes);
// All bytes until the other end closes the connection, or sends nothing for too long.
std::string receive_all(int fd);

struct HttpAnswer {
  int status = 0;
  std::string body;
};
// `text`: all bytes of the connection. nullopt: not an answer, or cut off. Pure.
std::optional<HttpAnswer> parse_http_answer(std::string_view text);

// `url`: "http://HOST:PORT", what follows is ignored. `target`: path and query, encoded. `token`:
// sent as bearer token where it is not empty. nullopt: nothing answers, or not in HTTP. Throws
// std::runtime_error where the URL is not one.
std::optional<HttpAnswer> http_get(const std::string& url, std::string_view target,
                                   std::string_view token = {});

// The status of the answer; nullopt when nothing answers, or not in HTTP.
std::optional<int> http_post(const HttpUrl& url, std::string_view content_type,
                             std::string_view body);

}  // namespace ecr::server
