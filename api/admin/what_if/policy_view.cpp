#include "api/admin/what_if/policy_view.h"

#include <algorithm>
#include <array>

#include "api/admin/what_if/targets.h"
#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/gate.h"
#include "api/core/access/policy_memo.h"
#include "api/core/access/principal_policies.h"
#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::what_if {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::Principal;
using auth::iam::PrincipalKind;

// The keys of the gate's context that only a request has. The others that a request may bring
// (tags, MFA, a session's name, ...) are in no context here.
constexpr std::array kKeysOfRequests = {"aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport",
                                        "aws:SourceIp",    "aws:UserAgent", "aws:Referer"};

// Keys that a caller or an account has or has not, whatever the request: where they are absent, no
// request brings them.
constexpr std::array<std::string_view, 5> kKeysOfAccounts = {
    "aws:username", "aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid",
    "aws:resourceorgpaths"};

bool is_resource_tag(std::string_view lower_key) {
  return lower_key.starts_with("aws:resourcetag/") || lower_key.starts_with("ecr:resourcetag/") ||
         lower_key.starts_with("iam:resourcetag/");
}

// An action without a resource type is decided on "*", whatever ARN is given for it.
bool has_no_resource(std::string_view action) {
  const std::string lower = base::to_lower(action);
  const std::size_t colon = lower.find(':');
  const auto* service = auth::iam::find_service(std::string_view(lower).substr(0, colon));
  if (service == nullptr || colon == std::string::npos) return false;
  return std::any_of(service->actions.begin(), service->actions.end(), [&](const auto& known) {
    return known.wildcard_only && known.lower == std::string_view(lower).substr(colon + 1);
  });
}

// The registry's policy does not decide about its own administration by the root user
// (api/ecr/policies.cpp, registry_policy_target()).
bool is_registry_policy_of_root(const Caller& caller, std::string_view action,
                                std::string_view owner) {
  constexpr std::array<std::string_view, 3> kActions = {
      "ecr:getregistrypolicy", "ecr:putregistrypolicy", "ecr:deleteregistrypolicy"};
  const std::string lower = base::to_lower(action);
  return caller.principal.kind == PrincipalKind::kRoot && caller.account == owner &&
         std::find(kActions.begin(), kActions.end(), lower) != kActions.end();
}

bool is_of(std::string_view action, std::string_view service) {
  return base::to_lower(action.substr(0, service.size())) == service;
}

// A request of which only the way is known by which it came.
HttpRequest request_by(Plane plane) {
  HttpRequest http;
  http.plane = plane;
  return http;
}

}  // namespace

bool Question::knows(std::string_view lower_key) const {
  if (request.context.find_lower(lower_key) != nullptr) return true;
  if (is_resource_tag(lower_key)) return resource_is_known;
  // A session of a role may bring tags and a source identity of its own.
  if (lower_key.starts_with("aws:principaltag/")) return !is_role;
  return std::find(kKeysOfAccounts.begin(), kKeysOfAccounts.end(), lower_key) !=
         kKeysOfAccounts.end();
}

PolicyView::PolicyView(const Services& services, storage::sql::Txn& txn, const PolicyReader& reader)
    : services_(services),
      txn_(txn),
      reader_(reader),
      now_(services.clock.now()),
      job_http_(request_by(Plane::kNone)),
      client_http_(request_by(Plane::kApi)) {}

Caller PolicyView::root_of(std::string_view account, std::string_view partition) {
  Caller caller;
  caller.account = account;
  caller.partition = partition;
  caller.principal.kind = PrincipalKind::kRoot;
  caller.principal.account = account;
  caller.principal.arn = root_arn(partition, account);
  caller.user_id = account;
  caller.identity.push_back(root_policy(services_));
  add_organization(services_, txn_, caller, reader_);
  return caller;
}

Caller PolicyView::caller_of(const storage::Entity& entity) {
  Caller caller;
  const std::string arn = entity_arn(entity);
  caller.account = entity.account;
  caller.partition = entity.partition;
  if (entity.kind == storage::EntityKind::kRole) {
    // The ARN of the role stands for any session of it (auth/iam/match/principal.h).
    caller.principal = *auth::iam::make_principal(arn, "");
  } else {
    caller.principal.kind = PrincipalKind::kUser;
    caller.principal.arn = arn;
    caller.principal.account = entity.account;
    caller.user_id = entity.unique_id;
    caller.user_name = entity.name;
  }
  caller.principal.unique_id = entity.unique_id;
  caller.tags = storage::entity_tags(txn_, entity.id);
  add_organization(services_, txn_, caller, reader_);
  add_identity_policies(services_, txn_, entity, caller, reader_);
  return caller;
}

std::optional<Caller> PolicyView::caller_named(std::string_view text) {
  auto principal = auth::iam::make_principal(text, "");
  if (!principal) return std::nullopt;
  const auto arn = model::Arn::parse(text);
  switch (principal->kind) {
    case PrincipalKind::kRoot:
      return root_of(principal->account, arn->partition);
    case PrincipalKind::kUser: {
      const auto user = entity_of_arn(txn_, *arn);
      return user ? std::optional(caller_of(*user)) : std::nullopt;
    }
    case PrincipalKind::kRoleSession: {
      if (arn->service == "iam") {
        const auto role = entity_of_arn(txn_, *arn);
        return role ? std::optional(caller_of(*role)) : std::nullopt;
      }
      // assumed-role/<role without its path>/<session>
      std::string_view rest = arn->resource;
      rest.remove_prefix(std::min(rest.find('/') + 1, rest.size()));
      const auto role = storage::find_entity(txn_, arn->account, storage::EntityKind::kRole,
                                             rest.substr(0, rest.find('/')));
      if (!role || role->partition != arn->partition) return std::nullopt;
      Caller caller = caller_of(*role);
      caller.principal.arn = text;
      caller.principal.issuer = entity_arn(*role);
      caller.user_id = base::format("{}:{}", role->unique_id, rest.substr(rest.find('/') + 1));
      return caller;
    }
    case PrincipalKind::kService: {
      Caller caller;
      caller.principal = std::move(*principal);
      return caller;
    }
    case PrincipalKind::kFederatedUser:
    case PrincipalKind::kAnonymous:
      break;
  }
  return std::nullopt;
}

// What is acted on, with its policies, as the operations of each service build it.
Target PolicyView::target_of(const api::Request& request, std::string_view action,
                             const std::string& resource, const std::string& owner) {
  Target target;
  target.action = action;
  target.resource = resource;
  target.account = owner;
  if (const auto named = repository_named(resource); named && is_of(action, "ecr:")) {
    const auto repository = find_repository(txn_, *named);
    if (!repository) return make_repositories_target(request, action, named->registry, named->name);
    return make_repository_target(request, action, named->registry, repository->name, &*repository);
  }
  const auto arn = model::Arn::parse(resource);
  if (arn && model::is_account_id(arn->account)) target.account = arn->account;
  if (is_of(action, "ecr:")) {
    if (resource == "*" && !is_registry_policy_of_root(request.caller, action, owner)) {
      attach_registry_policy(request, {target.account, request.registry.region}, target);
    }
    return target;
  }
  const auto entity = arn ? entity_of_arn(txn_, *arn) : std::nullopt;
  if (!entity) return target;
  set_iam_tags(target, storage::entity_tags(txn_, entity->id));
  if (is_of(action, "sts:")) target.policies = trust_policies(services_, *entity, reader_);
  return target;
}

// The transaction sees one state, so that what was read once stays true.
const PolicyView::Subject& PolicyView::subject_of(const api::Request& request,
                                                  const std::string& action,
                                                  const std::string& resource) {
  constexpr std::size_t kMostSubjects = 10'000;
  const Caller& caller = request.caller;
  const auto key = std::make_tuple(action, resource, caller.account,
                                   caller.principal.kind == PrincipalKind::kRoot);
  const auto found = subjects_.find(key);
  if (found != subjects_.end()) return found->second;
  if (subjects_.size() >= kMostSubjects) subjects_.clear();
  Subject subject;
  subject.target = target_of(request, action, resource, caller.account);
  const auto arn = model::Arn::parse(resource);
  subject.is_known =
      find_repository(txn_, resource).has_value() || (arn && entity_of_arn(txn_, *arn));
  return subjects_.emplace(key, std::move(subject)).first->second;
}

Question PolicyView::ask(const Caller& caller, const std::string& action,
                         const std::string& resource) {
  const std::string decided = has_no_resource(action) ? "*" : resource;
  const auto arn = model::Arn::parse(decided);
  const bool has_region = arn && model::is_region(arn->region);
  const model::RegistryId registry{caller.account,
                                   has_region ? arn->region : services_.settings.region};
  // A service of AWS does not come by the endpoint of a customer.
  const bool is_service = caller.principal.kind == PrincipalKind::kService;
  const api::Request request{.core = services_,
                             .txn = txn_,
                             .http = is_service ? job_http_ : client_http_,
                             .caller = caller,
                             .registry = registry,
                             .now = now_,
                             .note = note_,
                             .reader = reader_};
  const Subject& subject = subject_of(request, action, decided);
  DecisionRecord record = question(request, subject.target);
  Question asked;
  asked.request = std::move(record.request);
  asked.policies = std::move(record.policies);
  asked.is_role = caller.principal.kind == PrincipalKind::kRoleSession;
  asked.resource_is_known = subject.is_known;
  auth::iam::Context& context = asked.request.context;
  for (const char* key : kKeysOfRequests) context.erase(key);
  if (!has_region) context.erase("aws:RequestedRegion");
  // It has the name of the session in it, which a role alone does not have.
  if (caller.user_id.empty()) context.erase("aws:userid");
  return asked;
}

// A principal that was deleted and made anew is another one, with another unique id.
std::optional<Caller> PolicyView::find_recorded(const Principal& principal) {
  const auto entity_named = [&](const std::string& text) -> std::optional<storage::Entity> {
    const auto arn = model::Arn::parse(text);
    auto entity = arn ? entity_of_arn(txn_, *arn) : std::nullopt;
    if (entity && entity->unique_id != principal.unique_id) entity.reset();
    return entity;
  };
  const auto partition = [](std::string_view arn) {
    const auto parsed = model::Arn::parse(arn);
    return parsed ? parsed->partition : std::string("aws");
  };
  switch (principal.kind) {
    case PrincipalKind::kRoot:
      return root_of(principal.account, partition(principal.arn));
    case PrincipalKind::kUser:
    case PrincipalKind::kRoleSession:
    case PrincipalKind::kFederatedUser: {
      const std::string& owner =
          principal.kind == PrincipalKind::kUser ? principal.arn : principal.issuer;
      if (owner.ends_with(":root")) return root_of(principal.account, partition(owner));
      const auto entity = entity_named(owner);
      return entity ? std::optional(caller_of(*entity)) : std::nullopt;
    }
    case PrincipalKind::kService:
    case PrincipalKind::kAnonymous:
      break;
  }
  Caller caller;
  caller.account = principal.account;
  return caller;
}

const Caller* PolicyView::recorded_caller(const Principal& principal) {
  // The sessions of a role have the same policies but for those of the session.
  const std::string& owner = principal.issuer.empty() ? principal.arn : principal.issuer;
  const std::string key =
      base::format("{}\n{}\n{}", static_cast<int>(principal.kind), owner, principal.unique_id);
  auto found = recorded_.find(key);
  if (found == recorded_.end()) found = recorded_.emplace(key, find_recorded(principal)).first;
  return found->second ? &*found->second : nullptr;
}

// Documents of a session stay as they were; a managed policy counts as it is now.
std::vector<AttachedPolicy> PolicyView::session_policies(std::vector<AttachedPolicy> recorded) {
  for (AttachedPolicy& attached : recorded) {
    if (!attached.source.starts_with("arn:")) continue;
    if (const auto document = reader_.managed_document(txn_, attached.source)) {
      attached.policy = reader_.compiled(services_, *document, auth::iam::PolicyType::kIdentity);
    }
  }
  return recorded;
}

std::optional<auth::iam::PolicySet> PolicyView::policies_for(const DecisionRecord& record) {
  const auth::iam::Request& asked = record.request;
  const Caller* const caller = recorded_caller(asked.principal);
  if (caller == nullptr) return std::nullopt;
  const auto* region = asked.context.find_lower("aws:requestedregion");
  const model::RegistryId registry{
      asked.resource_account, region != nullptr ? region->values.at(0) : services_.settings.region};
  const bool is_client = record.plane == Plane::kApi || record.plane == Plane::kRegistry;
  const api::Request request{.core = services_,
                             .txn = txn_,
                             .http = is_client ? client_http_ : job_http_,
                             .caller = *caller,
                             .registry = registry,
                             .now = now_,
                             .note = note_,
                             .reader = reader_};
  Target target = target_of(request, asked.action, asked.resource, asked.resource_account);
  target.account = asked.resource_account;
  auth::iam::PolicySet policies = question(request, target).policies;
  policies.session = session_policies(record.policies.session);
  policies.scope_down = record.policies.scope_down;
  return policies;
}

}  // namespace ecr::api::admin::what_if
