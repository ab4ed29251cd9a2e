#include "api/admin/service_pull/service_pull.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/decisions/advice.h"
#include "api/admin/decisions/advised_document.h"
#include "api/admin/decisions/decision_json.h"
#include "api/admin/decisions/image_work.h"
#include "api/admin/decisions/shown_policies.h"
#include "api/admin/service_pull/pulling_services.h"
#include "api/admin/what_if/budget.h"
#include "api/admin/what_if/policy_view.h"
#include "api/admin/what_if/targets.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/partition.h"

namespace ecr::api::admin::service_pull {
namespace {

using base::OrderedJson;
using what_if::PolicyView;

constexpr std::uint64_t kServicePullBody = 64u << 10;

struct PullCheck {
  std::string title;
  std::string principal;
  bool needed = true;
  std::vector<DecisionRecord> requests;

  bool allowed() const {
    return std::all_of(requests.begin(), requests.end(),
                       [](const DecisionRecord& one) { return one.verdict.allowed(); });
  }
  // No statement that is added helps.
  bool is_denied_explicitly() const {
    return std::any_of(requests.begin(), requests.end(), [](const DecisionRecord& one) {
      return one.verdict.decision == auth::iam::Decision::kExplicitlyDenied;
    });
  }
};

// What is asked for, with what the question leaves out.
struct PullQuestion {
  const PullingService& service;
  std::string repository;  // an ARN
  model::Arn repository_arn;
  std::string source_arn;
  std::string source_account;
  std::string role;  // empty: none
};

model::Arn arn_in(const BodyNode& body, std::string_view member, const std::string& text) {
  auto arn = model::Arn::parse(text);
  if (!arn) body.member(member).fail("must be an ARN");
  return std::move(*arn);
}

// A name is that of a repository in the server's own registry.
std::string repository_in(const Services& services, const BodyNode& body) {
  const std::string text = body.text("repository");
  if (!text.starts_with("arn:")) {
    return model::repository_arn(services.settings.region, services.settings.account, text);
  }
  if (!what_if::repository_named(text)) {
    body.member("repository").fail("must be the ARN of a repository, or its name");
  }
  return text;
}

PullQuestion read_question(const Services& services, const BodyNode& body) {
  body.check_members({"service", "repository", "sourceArn", "sourceAccount", "role"});
  const PullingService& service = pulling_service(body.choice("service", pulling_service_names()));
  PullQuestion asked{service, repository_in(services, body), {}, {}, {}, {}};
  asked.repository_arn = *model::Arn::parse(asked.repository);
  asked.role = body.optional_text("role").value_or("");
  asked.source_arn = body.optional_text("sourceArn").value_or("");
  asked.source_account = body.optional_text("sourceAccount").value_or("");
  const std::string of_role = asked.role.empty() ? "" : arn_in(body, "role", asked.role).account;
  const std::string of_source =
      asked.source_arn.empty() ? "" : arn_in(body, "sourceArn", asked.source_arn).account;
  if (asked.source_account.empty()) {
    asked.source_account = !of_source.empty() ? of_source
                           : !of_role.empty() ? of_role
                                              : asked.repository_arn.account;
  }
  if (!model::is_account_id(asked.source_account)) {
    body.member("sourceAccount").fail("must be 12 digits");
  }
  if (asked.source_arn.empty()) {
    asked.source_arn =
        base::format("arn:{}:{}:{}:{}:{}", asked.repository_arn.partition, service.source_service,
                     asked.repository_arn.region, asked.source_account, service.source_resource);
  }
  return asked;
}

class Puller {
 public:
  Puller(const Services& services, storage::sql::Txn& txn, const BodyNode& body)
      : body_(body),
        asked_(read_question(services, body)),
        txn_(txn),
        view_(services, txn, stored_policies()) {}

  OrderedJson answer() {
    if (!asked_.service.asks_as_itself) {
      if (asked_.role.empty()) {
        throw ParameterError("role",
                             base::format("is missing: {} pulls as a role", asked_.service.title));
      }
      check_role();
    } else if (asked_.service.name == "lambda") {
      check_lambda();
    } else if (asked_.role.empty()) {
      check_service();
    } else {
      check_role();
    }
    return json();
  }

 private:
  bool is_cross_account() const { return asked_.source_account != asked_.repository_arn.account; }

  Caller caller_named(const std::string& name) {
    auto caller = view_.caller_named(name);
    if (!caller) body_.member("role").fail("must be the ARN of a role that is here");
    return std::move(*caller);
  }

  // `for_source`: the request carries the keys that say for whom the service asks.
  DecisionRecord decide(const Caller& caller, std::string_view action, const std::string& resource,
                        bool for_source) {
    what_if::Question question = view_.ask(caller, std::string(action), resource);
    auth::iam::Context& context = question.request.context;
    if (for_source) {
      context.set("aws:SourceArn", asked_.source_arn);
      context.set("aws:SourceAccount", asked_.source_account);
    }
    if (caller.principal.kind == auth::iam::PrincipalKind::kService) {
      // IAM User Guide, "AWS global condition context keys".
      context.set("aws:PrincipalServiceName", caller.principal.arn);
      context.set_multi("aws:PrincipalServiceNamesList", {caller.principal.arn});
    }
    DecisionRecord record;
    record.request = std::move(question.request);
    record.policies = std::move(question.policies);
    record.verdict = evaluate(record.request, record.policies, what_if::kMostStepsHere);
    if (!record.verdict.allowed()) record.message = denial_message(record.request, record.verdict);
    return record;
  }

  PullCheck& add(std::string title, const Caller& caller) {
    return checks_.emplace_back(PullCheck{std::move(title), caller.principal.arn, true, {}});
  }

  void add_reads(PullCheck& check, const Caller& caller, bool for_source) {
    for (const std::string_view action : asked_.service.actions) {
      check.requests.push_back(decide(caller, action, asked_.repository, for_source));
    }
  }

  PullCheck& check_service() {
    const Caller service = caller_named(std::string(asked_.service.principal));
    PullCheck& check = add(base::format("{} reads the image", asked_.service.title), service);
    add_reads(check, service, true);
    if (asked_.service.name == "codebuild" && is_cross_account()) {
      notes_.emplace_back(
          "an image of another account is pulled with the project's service role: CodeBuild does "
          "not use its own credentials then (imagePullCredentialsType SERVICE_ROLE)");
    }
    return check;
  }

  // AWS Compute Blog, "Introducing cross-account Amazon ECR access for AWS Lambda": the policy of
  // the repository lets in both the account, for whoever makes the function, and Lambda itself.
  // In one account Lambda adds its statement where the maker of the function may set the policy
  // (Lambda Developer Guide, "Amazon ECR permissions").
  void check_lambda() {
    const bool reads = check_service().allowed();
    if (is_cross_account()) {
      const Caller maker = asked_.role.empty() ? view_.root_of(asked_.source_account,
                                                               asked_.repository_arn.partition)
                                               : caller_named(asked_.role);
      PullCheck& check =
          add(asked_.role.empty() ? base::format("account {} is let in, where the function is made",
                                                 asked_.source_account)
                                  : std::string("whoever makes the function may read the image"),
              maker);
      add_reads(check, maker, false);
      if (asked_.role.empty()) {
        notes_.emplace_back(
            "whoever makes the function needs ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in "
            "its own account, too: name it as the role to see that");
      }
      notes_.emplace_back("the function and the repository have to be in one Region");
      return;
    }
    if (reads) return;
    if (asked_.role.empty()) {
      notes_.emplace_back(
          "Lambda adds the statement itself if whoever makes the function may call "
          "ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy: name it as the role to see that");
      return;
    }
    const Caller maker = caller_named(asked_.role);
    PullCheck& check = add("whoever makes the function may let Lambda in", maker);
    check.needed = false;
    for (const char* action : {"ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"}) {
      check.requests.push_back(decide(maker, action, asked_.repository, false));
    }
    lambda_adds_statement_ = check.allowed() && !checks_.front().is_denied_explicitly();
    if (lambda_adds_statement_) {
      notes_.emplace_back(
          "Lambda adds the statement to the repository policy when the function is made, and not "
          "again when it is updated: a tool that writes the policy anew takes it away");
    }
  }

  void check_role() {
    const Caller role = caller_named(asked_.role);
    if (asked_.role.find(":role/") == std::string::npos) {
      body_.member("role").fail("must be the ARN of a role");
    }
    if (role.account != asked_.source_account) {
      body_.member("role").fail("is of another account than the source");
    }
    const std::string& arn = asked_.role;
    const Caller service = caller_named(std::string(asked_.service.principal));
    PullCheck& trust = add("the role lets the service act as it", service);
    trust.requests.push_back(decide(service, "sts:AssumeRole", arn, true));
    const std::string session =
        base::format("arn:{}:sts::{}:assumed-role/{}/{}", role.partition, role.account,
                     arn.substr(arn.rfind('/') + 1), asked_.service.name);
    const Caller caller = caller_named(session);
    PullCheck& reads =
        add(base::format("{} reads the image as the role", asked_.service.title), caller);
    if (asked_.service.role_needs_token) {
      reads.requests.push_back(decide(caller, "ecr:GetAuthorizationToken", "*", false));
    }
    add_reads(reads, caller, false);
  }

  bool is_allowed() const {
    return std::all_of(checks_.begin(), checks_.end(), [&](const PullCheck& check) {
      return !check.needed || check.allowed() ||
             (lambda_adds_statement_ && &check == &checks_.front());
    });
  }

  // The steps of all checks by the place that they change, each with the policies that are there.
  struct Place {
    const auth::iam::PolicySet* policies;
    std::vector<AdviceStep> steps;
  };
  std::vector<Place> places() const {
    std::vector<Place> places;
    for (const PullCheck& check : checks_) {
      if (!check.needed) continue;
      for (const DecisionRecord& one : check.requests) {
        for (AdviceStep& step : advise(asked_for(one), one.policies, one.verdict)) {
          auto place = std::find_if(places.begin(), places.end(), [&](const Place& known) {
            return known.steps.front().where == step.where;
          });
          if (place == places.end()) {
            places.push_back({&one.policies, {std::move(step)}});
          } else if (step.change == AdviceStep::Change::kAdd) {
            merge_step(std::move(step), place->steps);
          } else if (!is_known(step, place->steps)) {
            place->steps.push_back(std::move(step));
          }
        }
      }
    }
    return places;
  }

  // One Deny may refuse several requests.
  static bool is_known(const AdviceStep& step, const std::vector<AdviceStep>& steps) {
    return std::any_of(steps.begin(), steps.end(), [&](const AdviceStep& known) {
      return known.change == step.change && known.document == step.document;
    });
  }

  // An account is let in as a whole: what tells its root user from others is not asked for.
  static auth::iam::Request asked_for(const DecisionRecord& record) {
    auth::iam::Request request = record.request;
    if (request.principal.kind == auth::iam::PrincipalKind::kRoot) {
      request.context.erase("aws:PrincipalArn");
    }
    return request;
  }

  OrderedJson json() {
    OrderedJson json = {{"service", std::string(asked_.service.name)},
                        {"repository", asked_.repository},
                        {"sourceArn", asked_.source_arn},
                        {"sourceAccount", asked_.source_account}};
    if (!asked_.role.empty()) json["role"] = asked_.role;
    json["allowed"] = is_allowed();
    json["checks"] = OrderedJson::array();
    for (const PullCheck& check : checks_) json["checks"].push_back(check_json(check));
    json["suggestion"] = OrderedJson::array();
    json["documents"] = OrderedJson::array();
    for (const Place& place : places()) {
      for (const AdviceStep& step : place.steps) {
        json["suggestion"].push_back(
            {{"change", step.change == AdviceStep::Change::kAdd ? "add" : "removeOrNarrow"},
             {"where", step.where},
             {"statement", OrderedJson::parse(step.document)}});
      }
      for (const AdvisedDocument& one : advised_documents(*place.policies, place.steps)) {
        json["documents"].push_back({{"where", one.where},
                                     {"how", one.how},
                                     {"document", OrderedJson::parse(one.document)}});
      }
    }
    json["notes"] = notes_;
    if (!what_if::find_repository(txn_, asked_.repository)) {
      json["notes"].push_back("there is no such repository here");
    }
    show_principals(txn_, json);
    return json;
  }

  static OrderedJson check_json(const PullCheck& check) {
    OrderedJson json = {{"title", check.title},
                        {"principal", check.principal},
                        {"allowed", check.allowed()},
                        {"needed", check.needed}};
    for (const DecisionRecord& one : check.requests) {
      OrderedJson decision = decision_json(one, true);
      // Those of a request that was made.
      for (const char* name : {"sequence", "requestId", "time", "enforced", "via", "suggestion",
                               "documents", "work"}) {
        decision.erase(name);
      }
      json["requests"].push_back(std::move(decision));
    }
    return json;
  }

  const BodyNode& body_;
  const PullQuestion asked_;
  storage::sql::Txn& txn_;
  PolicyView view_;
  std::vector<PullCheck> checks_;
  std::vector<std::string> notes_;
  bool lambda_adds_statement_ = false;
};

}  // namespace

OrderedJson service_pull_json(const Services& services, const BodyNode& body) {
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  return Puller(services, txn, body).answer();
}

std::vector<AdminRoute> routes(const Services& services) {
  return {{.method = "POST",
           .path = "/_ecr-local/service-pull",
           .body_limit = kServicePullBody,
           .handle = [&services](const HttpRequest& request) {
             const OrderedJson document = read_body(request.body);
             return json_response(200, service_pull_json(services, {document, ""}));
           }}};
}

}  // namespace ecr::api::admin::service_pull
