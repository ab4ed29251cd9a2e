#include "api/sts/service_sessions.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "api/core/access/principal_policies.h"
#include "api/core/background/call_record.h"
#include "api/core/background/event_log.h"
#include "api/core/wire/error.h"
#include "api/sts/role_sessions.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/partition.h"

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

// The ARN in which the role is looked for, where there is none of that name.
std::string arn_of_role(const Services& services, const std::optional<storage::Entity>& role,
                        const ServiceCall& call) {
  if (role) return entity_arn(*role);
  const auto& partition = model::partition_of_region(services.settings.region);
  return base::format("arn:{}:iam::{}:role/{}", partition.name, call.account, call.role);
}

// The services of AWS are in no account and no organization; the gate leaves out SCPs for them.
Caller service_caller(const Services& services, const ServiceCall& call) {
  Caller caller;
  caller.partition = model::partition_of_region(services.settings.region).name;
  caller.principal.kind = auth::iam::PrincipalKind::kService;
  caller.principal.arn = call.service;
  caller.context.emplace_back("aws:PrincipalServiceName", call.service);
  if (!call.source_arn.empty()) {
    caller.context.emplace_back("aws:SourceArn", call.source_arn);
    caller.context.emplace_back("aws:SourceAccount", call.account);
  }
  return caller;
}

// The request that the service sends, of which this one is the reason: CloudTrail shows the service
// in the place of an address.
HttpRequest request_of_service(const HttpRequest& http, const ServiceCall& call) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.peer = call.service;
  request.secure = true;
  request.id = http.id;
  request.plane = http.plane;
  return request;
}

Json input_of(const std::string& arn, const ServiceCall& call) {
  Json input = {{"RoleArn", arn},
                {"RoleSessionName", call.session_name},
                {"DurationSeconds", std::chrono::seconds(ServiceSessions::kLifetime).count()}};
  for (const auto& [key, value] : call.tags) {
    input["Tags"].push_back({{"Key", key}, {"Value", value}});
    input["TransitiveTagKeys"].push_back(key);
  }
  return input;
}

std::string memo_key(const ServiceCall& call) {
  std::string key = base::format("{}\n{}\n{}\n{}\n{}", call.service, call.account, call.role,
                                 call.session_name, call.source_arn);
  for (const auto& [name, value] : call.tags) key += base::format("\n{}\n{}", name, value);
  return key;
}

void add_record(const Services& services, const HttpRequest& sent, const ServiceCall& call,
                base::TimePoint now, CallRecord record) {
  record.time = now;
  record.service = "sts";
  record.operation = "AssumeRole";
  record.region = services.settings.region;
  record.identity =
      std::make_shared<const CallIdentity>(make_service_identity(call.service, call.account));
  describe_request(record, sent);
  services.events.add(std::move(record));
}

// STS does not say why it denies.
std::vector<Target> targets_of(const ApiRequest& request, const RoleSession& asked) {
  std::vector<Target> targets =
      targets_of_actions(role_target(request, asked), asked, "sts:AssumeRole");
  for (Target& target : targets) {
    target.denial = base::format("User: {} is not authorized to perform: {} on resource: {}",
                                 request.caller.principal.arn, target.action, target.resource);
  }
  return targets;
}

ServiceCredentials shown(const storage::Session& session, std::string role_arn) {
  return {std::move(role_arn), session.access_key, session.secret,
          session.token,       session.created_at, session.expires_at};
}

// The session that was begun for the role, where it goes on for a while.
std::optional<storage::Session> lasting_session(storage::sql::Txn& txn, const std::string& key,
                                                const storage::Entity& role, base::TimePoint now) {
  auto session = key.empty() ? std::nullopt : storage::find_session(txn, key);
  // A role that was made anew under the same name is another one.
  if (!session || session->entity != role.id) return std::nullopt;
  if (session->expires_at - now <= ServiceSessions::kRenewal || session->created_at > now) {
    return std::nullopt;
  }
  return session;
}

}  // namespace

// One at a time: two callers of one session get the same credentials.
ServiceCredentials ServiceSessions::credentials(const HttpRequest& http, const ServiceCall& call) {
  const std::lock_guard lock(mutex_);
  const std::string name = memo_key(call);
  const std::string* const known = known_.find(name);
  const base::TimePoint now = services_.clock.now();
  const HttpRequest sent = request_of_service(http, call);
  LogNote note;  // the line in the access log is that of the request itself
  CallRecord record;
  try {
    storage::sql::Txn txn = services_.store.database().begin(Access::kWrite);
    const Caller caller = service_caller(services_, call);
    RoleSession asked;
    asked.account = call.account;
    asked.row = storage::find_entity(txn, call.account, storage::EntityKind::kRole, call.role);
    asked.arn = arn_of_role(services_, asked.row, call);
    asked.tags.requested = call.tags;
    asked.tags.sent = !call.tags.empty();
    for (const auto& tag : call.tags) asked.tags.transitive.push_back(tag.first);
    const Json input = input_of(asked.arn, call);
    record.input = std::make_shared<const Json>(input);
    record.resources.emplace_back(asked.arn, call.account);
    ApiRequest request{
        {services_, txn, sent, caller, {call.account, services_.settings.region}, now, note},
        services_,
        input,
        "sts:AssumeRole",
        {},
        {}};
    authorize(request, targets_of(request, asked));
    if (!asked.row) asked.missing();
    const std::string key = known == nullptr ? "" : *known;
    if (const auto session = lasting_session(txn, key, *asked.row, now)) {
      return shown(*session, asked.arn);
    }
    storage::Session session;
    session.kind = storage::SessionKind::kRole;
    session.account = call.account;
    session.entity = asked.row->id;
    session.name = call.session_name;
    add_policies_and_tags(request, asked.tags, session);
    Json output;
    issue_credentials(request, std::move(session), kLifetime, output);
    const auto access_key = output["Credentials"]["AccessKeyId"].get<std::string>();
    const auto stored = storage::find_session(txn, access_key);
    txn.commit();
    record.output = std::make_shared<const Json>(std::move(output));
    known_.put(name, access_key);
    add_record(services_, sent, call, now, std::move(record));
    return shown(*stored, asked.arn);
  } catch (const ApiError& error) {
    record.error_code = std::string(names_of(error.code()).json_type);
    record.error_message = error.message();
    add_record(services_, sent, call, now, std::move(record));
    throw;
  }
}

}  // namespace ecr::api::sts
