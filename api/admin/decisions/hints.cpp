#include "api/admin/decisions/hints.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advised_statement.h"
#include "api/core/registry_host.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/policy/web_identity_claims.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/repositories.h"

namespace ecr::api::admin {
namespace {

using auth::iam::ArnParts;

// Where a repository of that name is; more are not worth a person's time.
constexpr std::size_t kMostPlaces = 5;
// Names among which the one that was meant is looked for.
constexpr std::int64_t kMostNames = 1000;

// Actions that make the repository they name, or do not need it.
constexpr std::string_view kWithoutRepository[] = {
    "ecr:createrepository", "ecr:batchimportupstreamimage", "ecr:replicateimage"};

// Each key once. The document was accepted before.
std::set<std::string> condition_keys_of(const std::string& policy) {
  std::set<std::string> keys;
  const auto document = base::parse_json(policy);
  if (!document || !document->is_object()) return keys;
  const auto statements = document->find("Statement");
  if (statements == document->end()) return keys;
  const auto read = [&keys](const base::Json& statement) {
    const auto condition = statement.find("Condition");
    if (condition == statement.end()) return;
    for (const auto& [name, asked] : condition->items()) {
      for (const auto& [key, values] : asked.items()) keys.insert(key);
    }
  };
  if (statements->is_object()) read(*statements);
  if (statements->is_array()) std::for_each(statements->begin(), statements->end(), read);
  return keys;
}

void add_role_hint(storage::sql::Txn& txn, const ArnParts& arn, Hints& hints) {
  const std::string account(arn.part[4]);
  const std::string path(arn.part[5]);
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto role = storage::find_entity(txn, account, storage::EntityKind::kRole, name);
  if (role && std::string_view(arn.part[5]) == "role" + role->path + role->name) return;
  hints.resource_missing = true;
  if (role) {  // an ARN has the path of its role
    hints.texts.push_back(
        base::format("no such role: {} has another path, role{}{}", name, role->path, role->name));
    return;
  }
  std::vector<std::string> names;
  for (const auto& one :
       storage::list_entities(txn, account, storage::EntityKind::kRole, "/", "", kMostNames)) {
    names.push_back(one.name);
  }
  hints.texts.push_back(base::format("no such role: account {} has no role {}{}", account, name,
                                     base::did_you_mean(name, names)));
}

void add_repository_hints(const Services& services, storage::sql::Txn& txn, std::string_view host,
                          const ArnParts& arn, Hints& hints) {
  const model::RegistryId wanted{std::string(arn.part[4]), std::string(arn.part[3])};
  const std::string name(arn.part[5].substr(sizeof("repository/") - 1));
  if (name.find('*') != std::string::npos) return;  // a listing
  const auto well_formed = model::RepositoryName::parse(name);
  if (well_formed && storage::find_repository(txn, wanted, *well_formed)) return;
  hints.repository_missing = true;
  std::vector<std::string> names;
  for (const auto& one : storage::list_repositories(txn, wanted, "", kMostNames)) {
    names.push_back(one.name.text());
  }
  hints.texts.push_back(base::format("there is no repository {} in account {}, region {}{}", name,
                                     wanted.account, wanted.region,
                                     base::did_you_mean(name, names)));
  if (!well_formed) return;
  for (const auto& place : storage::find_repositories_named(txn, *well_formed, kMostPlaces)) {
    // Always by its full name: it is not the registry of the caller's token.
    const std::string registry = registry_host(services.settings, host, place.registry, false);
    // A registry token is for the Region that it was asked for in.
    const std::string login =
        place.registry.region == wanted.region
            ? ""
            : base::format("log in with --region {} and ", place.registry.region);
    hints.texts.push_back(base::format("{} exists in account {}, region {}: {}use {}/{}", name,
                                       place.registry.account, place.registry.region, login,
                                       registry, name));
  }
}

// No policy lets another account's users make most calls: only ECR's resources and roles have one.
void add_account_hint(const Services& services, const auth::iam::Request& request, Hints& hints) {
  const std::string& caller = request.principal.account;
  const std::string& owner = request.resource_account;
  if (caller.empty() || owner.empty() || caller == owner ||
      can_be_given_to_other_accounts(request.action)) {
    return;
  }
  hints.texts.push_back(base::format(
      "no policy allows {} in another account: the caller is of account {}. Call it with keys of "
      "account {}{}",
      request.action, caller, owner,
      services.settings.account_root_keys
          ? base::format(", such as those of its root user: access key {}, secret test", owner)
          : ""));
}

// The claim that a condition's key asks for, where it is one of the provider's; else empty.
std::string_view claim_of(std::string_view key, std::string_view provider) {
  if (key.size() <= provider.size() + 1 || key[provider.size()] != ':') return {};
  if (!base::equals_ignore_case(key.substr(0, provider.size()), provider)) return {};
  return key.substr(provider.size() + 1);
}

// A condition of the trust policy on a claim that is no condition key never holds, whatever the
// token says: AWS passes on a few claims of each issuer.
void add_claim_hints(storage::sql::Txn& txn, const auth::iam::Request& request, const ArnParts& arn,
                     Hints& hints) {
  constexpr std::string_view kKind = ":oidc-provider/";
  const auto* federated = request.context.find_lower("aws:federatedprovider");
  if (federated == nullptr || federated->values.empty()) return;
  const std::string& provider_arn = federated->values[0];
  const std::size_t at = provider_arn.find(kKind);
  if (at == std::string::npos) return;
  const std::string provider = provider_arn.substr(at + kKind.size());
  const std::string path(arn.part[5]);
  const auto role = storage::find_entity(txn, std::string(arn.part[4]), storage::EntityKind::kRole,
                                         path.substr(path.rfind('/') + 1));
  if (!role || !role->trust_policy) return;
  std::vector<std::string> known = auth::iam::claims_of_issuer(provider);
  known.insert(known.end(), std::begin(auth::iam::kClaimsOfEveryIssuer),
               std::end(auth::iam::kClaimsOfEveryIssuer));
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const std::string& key : condition_keys_of(*role->trust_policy)) {
    const std::string_view claim = claim_of(key, provider);
    if (claim.empty() || std::find(known.begin(), known.end(), claim) != known.end()) continue;
    hints.texts.push_back(base::format(
        "{} is no condition key, so that the condition never holds: of the claims of {}, AWS has "
        "{}{}",
        key, provider, base::join(known, ", "), base::did_you_mean(std::string(claim), known)));
  }
}

}  // namespace

bool needs_no_repository(std::string_view action) {
  return std::any_of(
      std::begin(kWithoutRepository), std::end(kWithoutRepository),
      [&](std::string_view known) { return base::equals_ignore_case(known, action); });
}

Hints hints_for(const Services& services, storage::sql::Txn& txn, std::string_view host,
                const auth::iam::Request& request) {
  Hints hints;
  add_account_hint(services, request, hints);
  const ArnParts arn(request.resource);
  if (!arn.is_arn) return hints;
  const std::string action = base::to_lower(request.action);
  if (action.starts_with("sts:") && arn.part[5].starts_with("role/")) {
    add_role_hint(txn, arn, hints);
    if (action == "sts:assumerolewithwebidentity") add_claim_hints(txn, request, arn, hints);
  } else if (action.starts_with("ecr:") && arn.part[5].starts_with("repository/") &&
             !needs_no_repository(action)) {
    add_repository_hints(services, txn, host, arn, hints);
  }
  return hints;
}

}  // namespace ecr::api::admin
