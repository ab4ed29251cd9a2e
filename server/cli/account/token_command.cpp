// `ecr-local oidc-token`: a running server signs a token as an identity provider would issue it.
#include <chrono>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/duration.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/server_client.h"

namespace ecr::server {
namespace {

using base::OrderedJson;

bool is_time(const std::string& claim) {
  return claim == "exp" || claim == "iat" || claim == "nbf";
}

[[noreturn]] void bad_claim(const std::string& claim, const std::string& reason) {
  throw std::runtime_error(base::format("--claim {}: {}", claim, reason));
}

// Claims are texts at every provider, but for times, and those that are lists or objects.
OrderedJson claim_value(const std::string& claim, const std::string& text) {
  const bool structured = text.starts_with('{') || text.starts_with('[');
  if (!structured && !is_time(claim)) return text;
  auto json = base::parse_ordered_json(text, {.max_depth = 8});
  if (!json) bad_claim(claim, "is not JSON: " + json.error().detail);
  if (is_time(claim) && !json->is_number_integer()) {
    bad_claim(claim, "must be seconds since 1970");
  }
  return std::move(*json);
}

OrderedJson request_of(const TokenConfig& config) {
  OrderedJson body = {{"provider", config.provider}};
  if (!config.issuer.empty()) body["issuer"] = config.issuer;
  if (!config.audience.empty()) body["audience"] = config.audience;
  if (!config.lifetime.empty()) {
    body["lifetimeSeconds"] = std::chrono::duration_cast<std::chrono::seconds>(
                                  base::parse_duration(config.lifetime).value())
                                  .count();
  }
  OrderedJson claims = OrderedJson::object();
  for (const std::string& text : config.claims) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (claims.contains(name)) bad_claim(name, "is given twice");
    claims[name] = claim_value(name, text.substr(equals + 1));
  }
  if (!claims.empty()) body["claims"] = std::move(claims);
  return body;
}

}  // namespace

int run_oidc_token(const TokenConfig& config) {
  const auto answer = ask_server({.url = config.url,
                                  .target = "/_ecr-local/oidc/token",
                                  .token = config.admin_token,
                                  .method = "POST",
                                  .body = base::dump(request_of(config))});
  const auto json = base::parse_ordered_json(answer.body);
  if (answer.head.status == 400 && json) {
    base::print(stderr, "ecr-local: {}\n", base::text_member(*json, "message"));
    return kExitNo;
  }
  if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
  const std::string token = json ? base::text_member(*json, "token") : "";
  if (token.empty()) throw std::runtime_error(config.url + " is not an ecr-local");
  base::print("{}", config.json ? answer.body : token);
  return kExitSuccess;
}

}  // namespace ecr::server
