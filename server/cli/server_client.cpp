#include "server/cli/server_client.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/serve_flags.h"

namespace ecr::server {
namespace {

std::string authorities_file() {
  const char* const bundle = std::getenv("AWS_CA_BUNDLE");
  if (bundle != nullptr && *bundle != '\0') return bundle;
  // The authority of --tls auto, where the server has the default data directory.
  const char* const given = std::getenv("ECR_LOCAL_DATA_DIR");
  const std::string directory = given != nullptr && *given != '\0' ? given : default_data_dir();
  const std::string own = directory + "/tls/ca.pem";
  std::error_code ignored;
  return std::filesystem::exists(own, ignored) ? own : "";
}

api::ExchangeAnswer exchange(const ServerCall& call) {
  api::ExchangeRequest request;
  request.url = parse_server_url(call.url);
  request.url.target = call.target;
  // The user named the server, so its address may be any.
  request.private_allowed = true;
  request.most_bytes = kMostServerAnswer;
  request.method = call.method;
  request.body = call.body;
  if (!call.token.empty()) {
    request.headers.emplace_back("Authorization", base::format("Bearer {}", call.token));
  }
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  HttpClient client = make_command_client(request.url.tls);
  return api::fetch(client, request);
}

std::string trouble(const ServerCall& call, const std::string& reason) {
  // The client's own words (server/client/client_socket.cpp).
  if (reason.starts_with("nothing answers") || reason.starts_with("there is no host")) {
    return base::format("nothing answers on {}: is the server running? To ask another one {}",
                        call.url, call.elsewhere);
  }
  if (reason.find("certificate") != std::string::npos) {
    return base::format(
        "{}: {} (ecr-local ca > ca.pem prints the authority of --tls auto; AWS_CA_BUNDLE=ca.pem "
        "trusts it)",
        call.url, reason);
  }
  return base::format("something answers on {}, but it is not ecr-local ({}): {}", call.url, reason,
                      call.elsewhere);
}

}  // namespace

HttpClient make_command_client(bool tls) {
  using std::chrono::seconds;
  return HttpClient(tls ? authorities_file() : "",
                    {.connect = seconds(3), .progress = seconds(3), .total = seconds(30)});
}

base::Url parse_server_url(const std::string& url) {
  const bool has_scheme = url.find("://") != std::string::npos;
  auto parsed = base::parse_url(has_scheme ? url : "http://" + url);
  if (!parsed) {
    throw std::runtime_error("--url " + url + ": must be http://HOST:PORT or https://HOST:PORT");
  }
  parsed->target = "/";
  return std::move(*parsed);
}

// Every answer of this program has the header, those of other web servers hardly.
api::ExchangeAnswer ask_server(const ServerCall& call) {
  std::optional<api::ExchangeAnswer> answer;
  try {
    answer = exchange(call);
  } catch (const api::TransportError& error) {
    throw std::runtime_error(trouble(call, error.what()));
  }
  if (answer->head.header("x-amzn-requestid").empty()) {
    throw std::runtime_error(base::format("something answers on {}, but it is not ecr-local: {}",
                                          call.url, call.elsewhere));
  }
  return std::move(*answer);
}

std::optional<api::ExchangeAnswer> http_get(const std::string& url, std::string_view target,
                                            std::string_view token) {
  try {
    return exchange({.url = url, .target = std::string(target), .token = std::string(token)});
  } catch (const api::TransportError&) {
    return std::nullopt;
  }
}

std::string refusal(const api::ExchangeAnswer& answer) {
  const auto json = base::parse_json(answer.body);
  const std::string message = json ? base::text_member(*json, "message") : "";
  if (message.empty()) return base::format("the server answers {}", answer.head.status);
  return base::format("the server answers {}: {}", answer.head.status, message);
}

}  // namespace ecr::server
