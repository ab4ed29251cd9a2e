// Member accounts. Source: AWS Organizations API Reference. Any account can be used here without
// being created; it is a member of an organization once CreateAccount or the seed has put it there.
#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/organizations/common.h"
#include "api/organizations/organizations_api.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api::organizations {
namespace {

using storage::OrganizationTarget;
using storage::sql::Access;

// The examples of the API Reference show JoinedMethod INVITED for the management account.
Json account_json(const storage::Organization& organization, const OrganizationTarget& account) {
  const bool management = account.id == organization.management_account;
  return {{"Id", account.id},
          {"Arn", target_arn(organization, account.id)},
          {"Email",
           account.email.empty() ? base::format("root@{}.example.com", account.id) : account.email},
          {"Name", account.name.empty() ? account.id : account.name},
          {"Status", "ACTIVE"},
          {"JoinedMethod", management ? "INVITED" : "CREATED"},
          {"JoinedTimestamp", base::to_epoch_seconds(account.joined_at)}};
}

// Twelve random digits that no account in use has.
std::string new_account_id(const ApiRequest& request) {
  for (;;) {
    std::uint8_t bytes[12];
    request.core.random.fill(bytes);
    std::string id;
    for (const std::uint8_t byte : bytes) id += static_cast<char>('0' + byte % 10);
    if (!storage::organization_of(request.txn, id) && !storage::has_entities(request.txn, id))
      return id;
  }
}

// The role that the management account assumes to administer the new account (Organizations User
// Guide, "OrganizationAccountAccessRole"): administrator rights, trusted by the management account.
void create_access_role(const ApiRequest& request, const storage::Organization& organization,
                        const std::string& account) {
  storage::Entity role;
  role.account = account;
  role.partition = organization.partition;
  role.kind = storage::EntityKind::kRole;
  role.name = text_member(request.input, "RoleName");
  if (role.name.empty()) role.name = "OrganizationAccountAccessRole";
  role.unique_id = make_unique_id(request.core.random, kRoleId, account);
  role.created_at = request.now;
  const Json trust = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Allow"},
         {"Principal",
          {{"AWS", root_arn(organization.partition, organization.management_account)}}},
         {"Action", "sts:AssumeRole"}}}}};
  role.trust_policy = base::dump(trust);
  const auto id = storage::insert_entity(request.txn, role);
  storage::put_inline_policy(
      request.txn, *id, "AdministratorAccess",
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})");
}

// In AWS, CreateAccount answers IN_PROGRESS, and the caller polls DescribeCreateAccountStatus. Here
// the account exists at once and both answer SUCCEEDED. The request's id is derived from the
// account's id, so that no status has to be stored.
std::string request_id(const std::string& account) { return "car-" + account; }

Json status_json(const OrganizationTarget& account) {
  const double time = base::to_epoch_seconds(account.joined_at);
  return {{"Id", request_id(account.id)}, {"AccountName", account.name}, {"State", "SUCCEEDED"},
          {"RequestedTimestamp", time},   {"CompletedTimestamp", time},  {"AccountId", account.id}};
}

// A new account is placed in the root (API Reference); MoveAccount puts it into an OU. Tags in the
// request are accepted and not stored.
Json create_account(ApiRequest& request, const storage::Organization& organization) {
  const OrganizationTarget account{new_account_id(request),
                                   organization.id,
                                   require_root(request, organization).id,
                                   text_member(request.input, "AccountName"),
                                   text_member(request.input, "Email"),
                                   request.now};
  storage::insert_organization_target(request.txn, account);
  attach_full_access(request, organization, account.id);
  create_access_role(request, organization, account.id);
  return {{"CreateAccountStatus", status_json(account)}};
}

Json describe_create_account_status(ApiRequest& request,
                                    const storage::Organization& organization) {
  const std::string id = text_member(request.input, "CreateAccountRequestId");
  const auto account =
      storage::find_organization_target(request.txn, organization.id, id.substr(4));
  if (!account || !model::is_account_id(account->id)) {
    // "an create" is AWS's spelling (API Reference, CreateAccountStatusNotFoundException).
    throw ApiError(ErrorCode::kCreateAccountStatusNotFound,
                   "We can't find an create account request with the CreateAccountRequestId that "
                   "you specified.");
  }
  return {{"CreateAccountStatus", status_json(*account)}};
}

// The accounts directly under `parent`; empty: all accounts of the organization.
std::vector<Json> accounts_below(const ApiRequest& request,
                                 const storage::Organization& organization,
                                 const std::string& parent) {
  std::vector<Json> accounts;
  for (const auto& target : storage::organization_targets(request.txn, organization.id)) {
    if (!model::is_account_id(target.id)) continue;
    if (parent.empty() || target.parent == parent) {
      accounts.push_back(account_json(organization, target));
    }
  }
  return accounts;
}

Json list_accounts(ApiRequest& request, const storage::Organization& organization) {
  return page_of(request, "accounts", "Accounts", accounts_below(request, organization, ""));
}

// Direct children only; accounts in OUs below the parent are not listed (API Reference).
Resolved<Found<TargetInOrganization>> accounts_parent_targets(const ApiRequest& request) {
  return named_targets(request, "ParentId", ErrorCode::kParentNotFound);
}

Json list_accounts_for_parent(ApiRequest& request, const TargetInOrganization& parent) {
  return page_of(request, "accounts\n" + parent.target.id, "Accounts",
                 accounts_below(request, parent.organization, parent.target.id));
}

// The model allows 12 digits only, so that the target found is an account.
Resolved<Found<TargetInOrganization>> account_targets(const ApiRequest& request) {
  return named_targets(
      request, "AccountId",
      {ErrorCode::kAccountNotFound, "You specified an account that doesn't exist."});
}

Json describe_account(ApiRequest&, const TargetInOrganization& account) {
  return {{"Account", account_json(account.organization, account.target)}};
}

Json move_account(ApiRequest& request, const TargetInOrganization& account) {
  const storage::Organization& organization = account.organization;
  const std::string source = text_member(request.input, "SourceParentId");
  const std::string destination = text_member(request.input, "DestinationParentId");
  require_target(request, organization, destination, ErrorCode::kDestinationParentNotFound);
  require_target(request, organization, source, ErrorCode::kSourceParentNotFound);
  // API Reference, MoveAccount: the source must be the parent, and differ from the destination. The
  // texts are ours.
  if (account.target.parent != source) {
    throw ApiError(ErrorCode::kSourceParentNotFound, "The account is not in that parent.");
  }
  if (source == destination) {
    throw ApiError(ErrorCode::kDuplicateAccount, "The account is in that parent already.");
  }
  storage::move_organization_target(request.txn, account.target.id, destination);
  return Json::object();
}

constexpr Operation kAccountOperations[] = {
    {"CreateAccount", "organizations:CreateAccount", Access::kWrite,
     on<management_targets, create_account>},
    {"DescribeCreateAccountStatus", "organizations:DescribeCreateAccountStatus", Access::kRead,
     on<management_targets, describe_create_account_status>},
    {"ListAccounts", "organizations:ListAccounts", Access::kRead,
     on<management_targets, list_accounts>},
    {"ListAccountsForParent", "organizations:ListAccountsForParent", Access::kRead,
     on<accounts_parent_targets, list_accounts_for_parent>},
    {"DescribeAccount", "organizations:DescribeAccount", Access::kRead,
     on<account_targets, describe_account>},
    {"MoveAccount", "organizations:MoveAccount", Access::kWrite, on<account_targets, move_account>},
};

}  // namespace

std::vector<const Operation*> account_operations() { return pointers(kAccountOperations); }

}  // namespace ecr::api::organizations
