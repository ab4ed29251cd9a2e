#include "api/admin/account_import/account_import.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace account_import {
namespace {

using base::OrderedJson;

bool has_list(const OrderedJson& document, const char* name) {
  return document.contains(name) && document[name].is_array();
}
bool has_text(const OrderedJson& document, const char* name) {
  return document.contains(name) && document[name].is_string();
}

bool is_identity(const OrderedJson& one) {
  return has_text(one, "UserId") && has_text(one, "Account") && has_text(one, "Arn");
}
bool is_details(const OrderedJson& one) {
  return has_list(one, "UserDetailList") || has_list(one, "RoleDetailList") ||
         has_list(one, "GroupDetailList");
}
bool is_policy_list(const OrderedJson& one) {
  return has_list(one, "Policies") && !is_details(one);
}
bool is_policy_of_repository(const OrderedJson& one) {
  return has_text(one, "policyText") && has_text(one, "repositoryName");
}
bool is_policy_of_registry(const OrderedJson& one) {
  return has_text(one, "policyText") && !one.contains("repositoryName");
}
bool is_setting(const OrderedJson& one) {
  return one.size() == 2 && has_text(one, "name") && has_text(one, "value");
}
template <const char* kName>
bool lists(const OrderedJson& one) {
  return has_list(one, kName);
}
constexpr char kRepositories[] = "repositories";
constexpr char kTags[] = "tags";
constexpr char kImages[] = "imageDetails";
constexpr char kAliases[] = "AccountAliases";
constexpr char kRoots[] = "Roots";
constexpr char kUnits[] = "OrganizationalUnits";
constexpr char kAccounts[] = "Accounts";
constexpr char kTargets[] = "Targets";

}  // namespace

const std::vector<OutputKind>& output_kinds() {
  static const std::vector<OutputKind> kKinds{
      {is_identity, convert_caller_identity},
      {[](const OrderedJson& one) { return has_text(one, "exportAccount"); },
       convert_script_report},
      {is_details, convert_managed_policies},
      {is_details, convert_identities},
      {lists<kAliases>, convert_account_aliases},
      {[](const OrderedJson& one) { return has_text(one, "Url") && has_list(one, "ClientIDList"); },
       convert_oidc_provider},
      {[](const OrderedJson& one) { return has_text(one, "SAMLMetadataDocument"); },
       convert_saml_provider},
      {lists<kRepositories>, convert_repositories},
      {is_policy_of_repository, convert_repository_policy},
      {is_policy_of_registry, convert_registry_policy},
      {[](const OrderedJson& one) { return has_text(one, "lifecyclePolicyText"); },
       convert_lifecycle_policy},
      {lists<kTags>, convert_repository_tags},
      {lists<kImages>, convert_images},
      {is_setting, convert_account_setting},
      {[](const OrderedJson& one) { return one.contains("replicationConfiguration"); },
       convert_registry},
      {[](const OrderedJson& one) { return one.contains("Organization"); }, convert_organization},
      {lists<kRoots>, convert_roots},
      {lists<kUnits>, convert_units},
      {lists<kAccounts>, convert_members},
      {[](const OrderedJson& one) { return one.contains("Policy"); }, convert_control_policy},
      {lists<kTargets>, convert_targets},
      {is_policy_list, convert_policy_list},
  };
  return kKinds;
}

namespace {

struct Document {
  const std::string* file;
  OrderedJson json;
};

// Commands of which nothing was there to print (a repository without a policy) leave empty files.
std::vector<Document> parse_files(const std::vector<ExportFile>& files,
                                  const ImportOptions& options, Notes& notes) {
  if (files.size() > options.most_files) {
    throw ImportError(base::format("there are more than {} files", options.most_files));
  }
  std::size_t bytes = 0;
  std::vector<Document> documents;
  for (const ExportFile& file : files) {
    bytes += file.text.size();
    if (bytes > options.most_bytes) {
      throw ImportError(base::format("{}: the files together have more than {} bytes", file.path,
                                     options.most_bytes));
    }
    if (file.text.find_first_not_of(" \t\r\n") == std::string::npos) continue;
    auto json = base::parse_ordered_json(file.text, {.max_bytes = options.most_bytes});
    if (!json) {
      throw ImportError(
          base::format("{}: line {}: {}", file.path, json.error().line, json.error().detail));
    }
    if (!json->is_object()) throw ImportError(file.path + ": is no JSON object");
    if (has_text(*json, "NextToken") || has_text(*json, "nextToken") ||
        json->value("IsTruncated", OrderedJson()) == true) {
      notes.add(file.path +
                ": is not the last page; what is on the next ones must be in other files");
    }
    documents.push_back({&file.path, std::move(*json)});
  }
  return documents;
}

void convert(Importing& importing, const std::vector<Document>& documents) {
  std::vector<bool> known(documents.size());
  for (const OutputKind& kind : output_kinds()) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (!kind.is(documents[i].json)) continue;
      known[i] = true;
      kind.convert(importing, {importing, documents[i].json, *documents[i].file, ""});
    }
  }
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (known[i]) continue;
    importing.notes.add(
        base::format("left out {}: it is no output that import-account knows", *documents[i].file));
  }
}

std::vector<std::pair<std::string, std::uint64_t>> count_parts(const OrderedJson& accounts) {
  std::vector<std::pair<std::string, std::uint64_t>> counts{{"accounts", accounts.size()}};
  for (const char* list : {"users", "groups", "roles", "managedPolicies", "repositories"}) {
    std::uint64_t count = 0;
    for (const OrderedJson& account : accounts) {
      if (account.contains(list)) count += account[list].size();
    }
    if (count > 0) counts.emplace_back(list, count);
  }
  return counts;
}

}  // namespace
}  // namespace account_import

AccountImport import_account(const std::vector<ExportFile>& files, const ImportOptions& options,
                             base::Random& random) {
  using namespace account_import;
  OrderedJson accounts = OrderedJson::object();
  OrderedJson organization;
  Importing importing{options, random, accounts, organization};
  const auto documents = parse_files(files, options, importing.notes);
  convert(importing, documents);
  finish_organization(importing);
  note_missing_outputs(importing);
  AccountImport result;
  result.credentials = add_local_keys(importing);
  result.region = options.region;
  for (const OrderedJson& account : accounts) {
    if (result.region.empty()) result.region = main_region(account);
  }
  result.counts = count_parts(accounts);
  OrderedJson seed = {{"accounts", std::move(accounts)}};
  if (!organization.is_null()) seed["organization"] = std::move(organization);
  result.seed = seed.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  result.notes = importing.notes.take();
  return result;
}

}  // namespace ecr::api::admin
