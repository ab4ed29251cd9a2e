// The credential report: the users of the account and their credentials as CSV. Sources: AWS IAM
// API Reference; IAM User Guide, "Generate credential reports for your AWS account" (columns and
// their values). A report is kept for four hours, as in AWS: until then GenerateCredentialReport
// makes no new one.
#include <array>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/credentials.h"
#include "storage/rows/iam/mfa_devices.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

constexpr const char* kReportSetting = "credential_report";
constexpr std::chrono::hours kReportKept{4};
constexpr std::int64_t kReportUsers = 1'000'000;
constexpr const char* kReportHeader =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

// "2026-11-30T12:00:00+00:00", the form of AWS's reports.
std::string report_time(base::TimePoint time) {
  std::string text = iso_time(time);
  text.pop_back();  // Z
  return text + "+00:00";
}

std::string report_time(const std::optional<base::TimePoint>& time) {
  return time ? report_time(*time) : "N/A";
}

const char* report_flag(bool value) { return value ? "true" : "false"; }

// No sign-in takes a password, so none was ever used. The time of a change is that of the profile's
// creation: a later change is not noted.
void add_password_fields(const ApiRequest& request, const storage::Entity& user,
                         std::vector<std::string>& fields) {
  const auto profile = storage::find_login_profile(request.txn, user.id);
  fields.emplace_back(report_flag(profile.has_value()));
  if (!profile) {
    fields.insert(fields.end(), {"N/A", "N/A", "N/A"});
    return;
  }
  fields.emplace_back("no_information");
  fields.push_back(report_time(profile->created_at));
  const auto policy = storage::password_policy(request.txn, user.account);
  const Json age = policy ? base::parse_json(*policy).value().value("MaxPasswordAge", Json(0)) : 0;
  fields.push_back(age == 0 ? "N/A"
                            : report_time(profile->created_at +
                                          std::chrono::hours(24) * age.get<std::int64_t>()));
}

void add_key_fields(const std::vector<storage::AccessKey>& keys, std::size_t index,
                    std::vector<std::string>& fields) {
  if (index >= keys.size()) {
    fields.insert(fields.end(), {"false", "N/A", "N/A", "N/A", "N/A"});
    return;
  }
  const storage::AccessKey& key = keys[index];
  fields.insert(fields.end(), {report_flag(key.active), report_time(key.created_at),
                               report_time(key.last_used_at), key.last_used_region.value_or("N/A"),
                               key.last_used_service.value_or("N/A")});
}

std::string report_line(const ApiRequest& request, const storage::Entity& user) {
  std::vector<std::string> fields = {user.name, entity_arn(user), report_time(user.created_at)};
  add_password_fields(request, user, fields);
  fields.emplace_back(report_flag(!storage::mfa_devices_of_user(request.txn, user.id).empty()));
  const auto keys = storage::entity_access_keys(request.txn, user.id);
  add_key_fields(keys, 0, fields);
  add_key_fields(keys, 1, fields);
  const auto certificates =
      storage::user_credentials(request.txn, user.id, storage::CredentialKind::kSigning);
  for (std::size_t i = 0; i < 2; ++i) {
    const bool there = i < certificates.size();
    fields.emplace_back(report_flag(there && certificates[i].status == "Active"));
    fields.push_back(there ? report_time(certificates[i].created_at) : "N/A");
  }
  return base::join(fields, ",");
}

// The root user's key is that of the server's settings, and its use is not noted.
std::string root_line(const ApiRequest& request) {
  return base::format(
      "<root_account>,{},{},not_supported,no_information,not_supported,"
      "not_supported,false,true,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
      root_arn(request.registry.partition(), request.caller.account),
      report_time(base::TimePoint{}));
}

std::optional<Json> stored_report(const ApiRequest& request) {
  const auto text = storage::account_setting(request.txn, request.caller.account, kReportSetting);
  if (!text) return std::nullopt;
  return base::parse_json(*text).value();
}

base::TimePoint made_at(const Json& report) {
  return base::TimePoint(std::chrono::milliseconds(report["time"].get<std::int64_t>()));
}

// The report is there at once. The first answer is STARTED all the same, because programs wait for
// COMPLETE, and AWS's first answer is that.
Json generate_report(ApiRequest& request) {
  const auto old = stored_report(request);
  if (old && request.now - made_at(*old) < kReportKept && request.now >= made_at(*old)) {
    return {{"State", "COMPLETE"}};
  }
  std::string content = base::format("{}\n{}", kReportHeader, root_line(request));
  for (const storage::Entity& user : storage::list_entities(
           request.txn, request.caller.account, storage::EntityKind::kUser, "", "", kReportUsers)) {
    content += "\n" + report_line(request, user);
  }
  const Json report = {{"time", request.now.time_since_epoch().count()},
                       {"content", base::base64_encode(content)}};
  storage::set_account_setting(request.txn, request.caller.account, kReportSetting,
                               base::dump(report));
  return {{"State", "STARTED"},
          {"Description", "No report exists. Starting a new report generation task"}};
}

Json get_report(ApiRequest& request) {
  const auto report = stored_report(request);
  if (!report) {
    throw ApiError(ErrorCode::kCredentialReportNotPresent,
                   "No report exists. Generate a new report.");
  }
  if (request.now - made_at(*report) >= kReportKept) {
    throw ApiError(ErrorCode::kCredentialReportExpired,
                   "The report has expired. Generate a new report.");
  }
  return {{"Content", (*report)["content"]},
          {"ReportFormat", "text/csv"},
          {"GeneratedTime", iso_time(made_at(*report))}};
}

constexpr Operation kCredentialReportOperations[] = {
    {"GenerateCredentialReport", "iam:GenerateCredentialReport", Access::kWrite,
     on<account_target, generate_report>},
    {"GetCredentialReport", "iam:GetCredentialReport", Access::kRead,
     on<account_target, get_report>},
};

}  // namespace

std::vector<const Operation*> credential_report_operations() {
  return pointers(kCredentialReportOperations);
}

}  // namespace ecr::api::iam
