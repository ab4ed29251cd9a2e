// New keys for the identities of an import: AWS prints no secrets, and none is asked for.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "api/core/unique_id.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::account_import {
namespace {

using base::OrderedJson;

constexpr const char* kSessionName = "local";

std::string session_token(base::Random& random) {
  std::string bytes(96, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return base::base64url_encode(bytes);
}

std::string profile(const std::string& name, const OrderedJson& keys, const std::string& region) {
  std::string text = base::format("\n[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                  name, base::text_member(keys, "accessKeyId"),
                                  base::text_member(keys, "secretAccessKey"));
  const std::string token = base::text_member(keys, "sessionToken");
  if (!token.empty()) text += base::format("aws_session_token = {}\n", token);
  if (!region.empty()) text += base::format("region = {}\n", region);
  return text;
}

// AWS's services alone use these roles.
bool is_service_linked(const OrderedJson& role) {
  return base::text_member(role, "path").starts_with("/aws-service-role/");
}

}  // namespace

std::string main_region(const OrderedJson& account) {
  std::map<std::string, std::size_t> counts;
  if (account.contains("repositories")) {
    for (const OrderedJson& one : account["repositories"]) {
      ++counts[base::text_member(one, "region")];
    }
  }
  counts.erase("");
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

std::string add_local_keys(Importing& importing) {
  std::string text(kCredentialsHeading);
  for (auto& [id, account] : importing.accounts.items()) {
    const std::string region = main_region(account);
    if (account.contains("users")) {
      for (OrderedJson& user : account["users"]) {
        const OrderedJson keys = {
            {"accessKeyId", make_unique_id(importing.random, kAccessKeyId, id)},
            {"secretAccessKey", make_secret_key(importing.random)}};
        user["accessKeys"] = OrderedJson::array({keys});
        text +=
            profile(base::format("{}/user/{}", id, base::text_member(user, "name")), keys, region);
      }
    }
    if (!account.contains("roles")) continue;
    OrderedJson sessions = OrderedJson::array();
    for (const OrderedJson& role : account["roles"]) {
      if (is_service_linked(role)) continue;
      const std::string name = base::text_member(role, "name");
      sessions.push_back({{"role", name},
                          {"name", kSessionName},
                          {"accessKeyId", make_unique_id(importing.random, kSessionKeyId, id)},
                          {"secretAccessKey", make_secret_key(importing.random)},
                          {"sessionToken", session_token(importing.random)}});
      text += profile(base::format("{}/role/{}", id, name), sessions.back(), region);
    }
    if (!sessions.empty()) account["sessions"] = std::move(sessions);
  }
  return text;
}

}  // namespace ecr::api::admin::account_import
