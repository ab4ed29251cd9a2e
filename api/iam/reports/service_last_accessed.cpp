// When users, groups, roles and policies used the services that they may use:
// GenerateServiceLastAccessedDetails and its two readers. A report is made at once of what is noted
// of each user and role (storage::service_uses). Actions are not noted, so that reports of
// ACTION_LEVEL are refused. Source: AWS IAM API Reference; the texts of errors are inferred.
#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/granted_services.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "auth/iam/match/glob.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// AWS keeps a report for a while that it does not publish.
constexpr std::chrono::hours kAccessReportKept{24 * 7};
constexpr std::int64_t kMostAccessReports = 1000;  // of an account, in that time
constexpr const char* kServiceReport = "ServiceLastAccessedDetails";

// The services of this server, for policies that allow every service. A service that a policy names
// is listed too, under the name that the policy has.
constexpr std::pair<const char*, const char*> kServiceTitles[] = {
    {"ecr", "Amazon Elastic Container Registry"},
    {"iam", "AWS Identity and Access Management"},
    {"organizations", "AWS Organizations"},
    {"sts", "AWS Security Token Service"}};

std::string service_title(const std::string& service) {
  for (const auto& [name, title] : kServiceTitles) {
    if (service == name) return title;
  }
  return service;
}

// What a report is about: a user, group or role, or a managed policy.
struct ReportSubject {
  std::optional<storage::Entity> entity;
  std::optional<ManagedPolicy> policy;
};

struct NamedSubject : Named<ReportSubject> {
  std::string arn;

  [[noreturn]] void missing() const {
    throw no_such_entity(base::format("ARN {} cannot be found.", arn));
  }
};

std::optional<storage::Entity> find_subject(const ApiRequest& request, const model::Arn& parsed,
                                            const std::string& arn) {
  const std::string name = parsed.resource.substr(parsed.resource.rfind('/') + 1);
  for (const auto kind : {EntityKind::kUser, EntityKind::kGroup, EntityKind::kRole}) {
    auto entity = storage::find_entity(request.txn, parsed.account, kind, name);
    if (entity && entity_arn(*entity) == arn) return entity;
  }
  return std::nullopt;
}

Resolved<NamedSubject> report_subject_target(const ApiRequest& request) {
  NamedSubject named;
  named.arn = text_member(request.input, "Arn");
  const auto parsed = model::Arn::parse(named.arn);
  if (!parsed || parsed->service != "iam") {
    throw validation_error(base::format("ARN {} is not valid.", named.arn));
  }
  Target target = target_of_arn(request, named.arn);
  if (parsed->resource.starts_with("policy/")) {
    target.account = account_of_arn(request, named.arn, "policy/");
    if (auto policy = find_policy(request, named.arn)) {
      named.row = ReportSubject{std::nullopt, std::move(policy)};
    }
  } else {
    target.account = parsed->account;
    auto entity = parsed->account == request.caller.account
                      ? find_subject(request, *parsed, named.arn)
                      : std::nullopt;
    if (entity) {
      target = target_of(request, *entity);
      named.row = ReportSubject{std::move(entity), std::nullopt};
    }
  }
  return {{std::move(target)}, std::move(named)};
}

void add_documents_of(const ApiRequest& request, const storage::Entity& entity,
                      std::vector<std::string>& documents) {
  for (auto& policy : storage::inline_policies(request.txn, entity.id)) {
    documents.push_back(std::move(policy.document));
  }
  for (const std::string& arn : storage::attached_policies(request.txn, entity.id)) {
    if (auto document = managed_document(request.txn, arn)) {
      documents.push_back(std::move(*document));
    }
  }
}

std::vector<std::string> documents_of(const ApiRequest& request, const ReportSubject& subject) {
  std::vector<std::string> documents;
  if (subject.policy) {
    if (auto document = managed_document(request.txn, subject.policy->arn)) {
      documents.push_back(std::move(*document));
    }
    return documents;
  }
  add_documents_of(request, *subject.entity, documents);
  if (subject.entity->kind == EntityKind::kUser) {
    for (const auto& group : storage::groups_of(request.txn, subject.entity->id)) {
      add_documents_of(request, group, documents);
    }
  }
  return documents;
}

// The services that the policies allow. A pattern stands for the services of this server.
std::set<std::string> services_of(const std::vector<std::string>& documents) {
  std::set<std::string> services;
  for (const std::string& document : documents) {
    for (const std::string& pattern : allowed_services(document)) {
      if (pattern.find_first_of("*?") == pattern.npos) services.insert(pattern);
      for (const auto& [name, title] : kServiceTitles) {
        if (auth::iam::glob_match_ignore_case(pattern, name)) services.insert(name);
      }
    }
  }
  return services;
}

// The users and roles that the subject gives permissions to: itself, the members of a group, those
// that a policy is attached to, directly or by a group.
std::vector<storage::Entity> users_and_roles_of(const ApiRequest& request,
                                                const ReportSubject& subject) {
  std::vector<storage::Entity> holders;
  if (subject.entity) {
    holders.push_back(*subject.entity);
  } else {
    for (const std::int64_t id :
         storage::entities_with_policy(request.txn, request.caller.account, subject.policy->arn)) {
      holders.push_back(storage::find_entity(request.txn, id).value());
    }
  }
  std::map<std::int64_t, storage::Entity> found;
  for (storage::Entity& holder : holders) {
    if (holder.kind != EntityKind::kGroup) {
      found.emplace(holder.id, std::move(holder));
      continue;
    }
    for (auto& user : storage::users_in(request.txn, holder.id)) {
      found.emplace(user.id, std::move(user));
    }
  }
  std::vector<storage::Entity> list;
  for (auto& [id, entity] : found) list.push_back(std::move(entity));
  return list;
}

const char* upper_kind(EntityKind kind) { return kind == EntityKind::kRole ? "ROLE" : "USER"; }

Json entity_info(const storage::Entity& entity) {
  return {{"Arn", entity_arn(entity)},
          {"Name", entity.name},
          {"Type", upper_kind(entity.kind)},
          {"Id", entity.unique_id},
          {"Path", entity.path}};
}

Json service_entry(const std::string& service) {
  return {{"shown",
           {{"ServiceName", service_title(service)},
            {"ServiceNamespace", service},
            {"TotalAuthenticatedEntities", 0}}},
          {"entities", Json::array()}};
}

// Notes one use in the entry of its service. The latest use of all is the one that is shown.
void add_use(const storage::Entity& entity, const storage::ServiceUse& use, Json& entry) {
  const std::string when = iso_time(use.when);
  entry["entities"].push_back({{"EntityInfo", entity_info(entity)}, {"LastAuthenticated", when}});
  Json& shown = entry["shown"];
  shown["TotalAuthenticatedEntities"] = entry["entities"].size();
  if (shown.value("LastAuthenticated", "") > when) return;
  shown["LastAuthenticated"] = when;
  shown["LastAuthenticatedEntity"] = entity_arn(entity);
  shown["LastAuthenticatedRegion"] = use.region;
}

Json make_service_report(const ApiRequest& request, const ReportSubject& subject) {
  Json services = Json::object();
  for (const std::string& service : services_of(documents_of(request, subject))) {
    services[service] = service_entry(service);
  }
  for (const storage::Entity& entity : users_and_roles_of(request, subject)) {
    for (const auto& use : storage::service_uses(request.txn, entity.id)) {
      if (services.contains(use.service)) add_use(entity, use, services[use.service]);
    }
  }
  return services;
}

// The report is the state at this moment: later uses are not in it, as in AWS.
Json generate_service_report(ApiRequest& request, NamedSubject& named) {
  const ReportSubject& subject = required(named);
  if (text_member(request.input, "Granularity") == "ACTION_LEVEL") {
    throw invalid_input("The last use of single actions is not noted here; use SERVICE_LEVEL.");
  }
  storage::delete_access_reports(request.txn, request.caller.account,
                                 request.now - kAccessReportKept);
  if (storage::count_access_reports(request.txn, request.caller.account) >= kMostAccessReports) {
    throw limit_exceeded("There are too many reports of the last seven days.");
  }
  const storage::AccessReport report{base::make_uuid(request.core.random), request.caller.account,
                                     kServiceReport, request.now,
                                     base::dump(make_service_report(request, subject))};
  storage::insert_access_report(request.txn, report);
  return {{"JobId", report.id}};
}

storage::AccessReport require_report(const ApiRequest& request) {
  const std::string id = text_member(request.input, "JobId");
  auto report = storage::find_access_report(request.txn, request.caller.account, id);
  if (!report || report->kind != kServiceReport) {
    throw no_such_entity(base::format("The job {} cannot be found.", id));
  }
  return std::move(*report);
}

Json job_json(const storage::AccessReport& report) {
  return {{"JobStatus", "COMPLETED"},
          {"JobCreationDate", iso_time(report.created_at)},
          {"JobCompletionDate", iso_time(report.created_at)}};
}

Json get_service_report(ApiRequest& request) {
  const storage::AccessReport report = require_report(request);
  const Pager pager(request);
  std::vector<Listed> items;
  const Json services = base::parse_json(report.report).value();
  for (const auto& [service, entry] : services.items()) {
    items.emplace_back(service, entry["shown"]);
  }
  Json output = pager.page("ServicesLastAccessed", std::move(items));
  output.update(job_json(report));
  output["JobType"] = "SERVICE_LEVEL";
  return output;
}

Json get_service_report_entities(ApiRequest& request) {
  const storage::AccessReport report = require_report(request);
  const std::string service = text_member(request.input, "ServiceNamespace");
  const Json services = base::parse_json(report.report).value();
  if (!services.contains(service)) {
    throw invalid_input(base::format("The report has no service {}.", service));
  }
  const Pager pager(request);
  std::vector<Listed> items;
  for (const Json& entity : services[service]["entities"]) {
    items.emplace_back(entity["EntityInfo"]["Arn"].get<std::string>(), entity);
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  Json output = pager.page("EntityDetailsList", std::move(items));
  output.update(job_json(report));
  return output;
}

constexpr Operation kServiceReportOperations[] = {
    {"GenerateServiceLastAccessedDetails", "iam:GenerateServiceLastAccessedDetails", Access::kWrite,
     on<report_subject_target, generate_service_report>},
    {"GetServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails", Access::kRead,
     on<account_target, get_service_report>},
    {"GetServiceLastAccessedDetailsWithEntities", "iam:GetServiceLastAccessedDetailsWithEntities",
     Access::kRead, on<account_target, get_service_report_entities>},
};

}  // namespace

std::vector<const Operation*> service_report_operations() {
  return pointers(kServiceReportOperations);
}

}  // namespace ecr::api::iam
