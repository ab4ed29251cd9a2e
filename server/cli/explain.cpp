// `ecr-local explain`: asks a running server for the decisions of a request and draws them.
#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/explain_text.h"
#include "server/client/http_get.h"

namespace ecr::server {
namespace {

using base::OrderedJson;

std::string target_of(const ExplainConfig& config) {
  std::string target = "/_ecr-local/decisions?trace=true";
  if (config.request_id.empty()) return target + "&decision=Denied&limit=1";
  return target + "&limit=1000&requestId=" + base::percent_encode(config.request_id);
}

int complain(const std::string& what) {
  base::print(stderr, "ecr-local: {}\n", what);
  return 1;
}

// An error's own words, where the server gave any.
std::string refusal(const HttpAnswer& answer) {
  const auto json = base::parse_ordered_json(answer.body);
  const bool told = json && json->is_object() && json->contains("message");
  return base::format("the server answers {}: {}", answer.status,
                      told ? base::dump((*json)["message"]) : "(no message)");
}

}  // namespace

int run_explain(const ExplainConfig& config) {
  const auto answer = http_get(config.url, target_of(config), config.admin_token);
  if (!answer) return complain("nothing answers on " + config.url);
  if (answer->status != 200) return complain(refusal(*answer));
  const auto json = base::parse_ordered_json(answer->body);
  if (!json || !json->is_object() || !json->contains("decisions")) {
    return complain(config.url + " is not an ecr-local");
  }
  const OrderedJson& decisions = json->at("decisions");
  if (decisions.empty()) {
    if (config.request_id.empty()) return complain("no denial is recorded");
    return complain(
        base::format("no decision of request {} is recorded (the last 1000 decisions "
                     "are, unless --iam is off)",
                     config.request_id));
  }
  // They come newest first.
  for (std::size_t i = decisions.size(); i-- > 0;) {
    base::print("{}{}", explain_text(decisions[i]), i > 0 ? "\n" : "");
  }
  return 0;
}

}  // namespace ecr::server
