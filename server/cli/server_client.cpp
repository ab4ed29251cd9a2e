#include "server/cli/server_client.h"

#include <stdexcept>

#include "schemas/base/text.h"

namespace ecr::server {

HttpClient make_command_client() {
  using std::chrono::seconds;
  return HttpClient("", {.connect = seconds(3), .progress = seconds(3), .total = seconds(30)});
}

base::Url parse_server_url(const std::string& url) {
  auto parsed = base::parse_url(url);
  if (!parsed || parsed->tls) {
    throw std::runtime_error("--url " + url + ": must be http://HOST:PORT");
  }
  parsed->target = "/";
  return std::move(*parsed);
}

// The user named the server, so its address may be any.
std::optional<api::ExchangeAnswer> http_get(const std::string& url, std::string_view target,
                                            std::string_view token) {
  api::ExchangeRequest request;
  request.url = parse_server_url(url);
  request.url.target = target;
  request.private_allowed = true;
  request.most_bytes = kMostServerAnswer;
  if (!token.empty()) {
    request.headers.emplace_back("Authorization", base::format("Bearer {}", token));
  }
  HttpClient client = make_command_client();
  try {
    return api::fetch(client, request);
  } catch (const api::TransportError&) {
    return std::nullopt;
  }
}

}  // namespace ecr::server
