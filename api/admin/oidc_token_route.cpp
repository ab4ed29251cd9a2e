#include "api/admin/oidc_token_route.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/oidc/provider_claims.h"
#include "api/core/unique_id.h"
#include "api/core/web_identity_issuer.h"
#include "auth/web_token.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/web_identity_issuers.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;
using storage::sql::Access;

constexpr std::int64_t kUsualLife = 3600;
constexpr std::int64_t kLongestLife = 86'400;
// The clock of whoever reads the token may be a little behind (GitLab does the same).
constexpr std::int64_t kBefore = 5;
// What STS takes at most (STS API Reference, AssumeRoleWithWebIdentity, WebIdentityToken).
constexpr std::size_t kMostToken = 20'000;

// What providers of the account usually sign with, GitHub and GitLab among them.
constexpr const char* kAlgorithm = "RS256";

std::string asked_issuer(const Settings& settings, const BodyNode& body,
                         const std::string& provider) {
  std::string issuer = body.optional_text("issuer").value_or(usual_issuer(provider));
  if (issuer.empty()) throw ParameterError("issuer", "is missing: \"other\" has none of its own");
  if (!is_test_issuer(settings, issuer)) {
    const bool usual = issuer == usual_issuer(provider);
    throw ParameterError(
        "issuer", base::format("this server does not sign for {}. Start it with "
                               "--oidc-test-issuer {}: tokens of that issuer are then good if they "
                               "have this server's signature, and no others",
                               issuer, usual ? provider : issuer));
  }
  return issuer;
}

// The key is made with no transaction open, as GetWebIdentityToken does it. Another request may
// have stored one meanwhile.
storage::WebIdentityKey signing_key(const Services& services) {
  {
    auto txn = services.store.database().begin(Access::kRead);
    if (auto key = storage::find_web_identity_key(txn, kAlgorithm)) return std::move(*key);
  }
  storage::WebIdentityKey made{kAlgorithm, base::make_uuid(services.random),
                               auth::make_web_token_key(kAlgorithm)};
  auto txn = services.store.database().begin(Access::kWrite);
  if (auto key = storage::find_web_identity_key(txn, kAlgorithm)) return std::move(*key);
  storage::insert_web_identity_key(txn, made);
  txn.commit();
  return made;
}

// Where a time is given, the token has that, so that tests can have expired tokens; and none, where
// it is given as null.
void add_times(const OrderedJson& given, std::int64_t now, std::int64_t life, OrderedJson& claims) {
  const auto usual = [&](const char* name, std::int64_t time) {
    if (!given.contains(name)) claims[name] = time;
  };
  usual("iat", now);
  usual("nbf", now - kBefore);
  usual("exp", now + life);
}

}  // namespace

HttpResponse answer_test_token(const Services& services, const HttpRequest& request) {
  const OrderedJson document = read_body(request.body);
  const BodyNode body(document, "");
  body.check_members({"provider", "issuer", "audience", "lifetimeSeconds", "claims"});
  const std::string provider = body.choice("provider", token_providers());
  const std::string issuer = asked_issuer(services.settings, body, provider);
  OrderedJson given = OrderedJson::object();
  if (body.has("claims")) {
    const BodyNode claims = body.member("claims");
    if (!claims.json().is_object()) claims.fail("must be an object");
    given = claims.json();
  }
  if (given.contains("iss")) {
    throw ParameterError("claims.iss", "is the issuer of the token: use \"issuer\"");
  }
  if (const auto audience = body.optional_text("audience")) {
    if (given.contains("aud")) throw ParameterError("audience", "is given twice, also in claims");
    given["aud"] = *audience;
  }
  const std::int64_t life = body.number("lifetimeSeconds", kUsualLife, 1, kLongestLife);
  // The readers of a token know the machine's time, not a clock that was moved here.
  const std::int64_t now =
      std::chrono::floor<std::chrono::seconds>(services.machine_clock.now().time_since_epoch())
          .count();
  OrderedJson claims = {{"iss", issuer}, {"jti", base::make_uuid(services.random)}};
  claims.update(provider_claims(provider, issuer, given));
  add_times(given, now, life, claims);
  const storage::WebIdentityKey key = signing_key(services);
  const std::string token =
      auth::sign_web_token({key.algorithm, key.id, key.private_key}, base::dump(claims));
  if (token.size() > kMostToken) {
    throw ParameterError("claims",
                         base::format("make a token of more than {} characters", kMostToken));
  }
  return json_response(200, OrderedJson{{"token", token}, {"claims", std::move(claims)}});
}

}  // namespace ecr::api::admin
