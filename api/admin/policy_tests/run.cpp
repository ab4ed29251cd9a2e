#include "api/admin/policy_tests/run.h"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/decision_json.h"
#include "api/admin/what_if/budget.h"
#include "api/admin/what_if/changed_policies.h"
#include "api/admin/what_if/outlook.h"
#include "api/admin/what_if/policy_view.h"
#include "api/admin/what_if/questions.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::policy_tests {
namespace {

using Status = CheckResult::Status;
using what_if::PolicyView;

const char* verdict_word(bool allowed) { return allowed ? "allowed" : "denied"; }

// "inline policy push of user jane, statement 0 (Sid Push)": what a test can name.
std::string reason_of(const auth::iam::Request& request, const auth::iam::Verdict& verdict) {
  std::string statement;
  if (verdict.policy != nullptr) {
    const std::string sid = verdict.policy->sid(verdict.statement);
    statement = base::format("{}, statement {}{}", verdict.source, verdict.statement,
                             sid.empty() ? "" : " (Sid " + sid + ")");
  }
  if (verdict.allowed()) {
    return statement.empty() ? "the action needs no permission" : statement;
  }
  const std::string sentence = denial_message(request, verdict);
  return statement.empty() ? sentence : base::format("{} ({})", sentence, statement);
}

// The one place that asks; callers are looked up once.
class Asker {
 public:
  Asker(const Services& services, storage::sql::Txn& txn, const PolicyReader& reader)
      : services_(services), view_(services, txn, reader) {}

  // nullopt: there is no such principal.
  std::optional<what_if::Question> ask(const Check& check) {
    auto found = callers_.find(check.principal);
    if (found == callers_.end()) {
      found = callers_.emplace(check.principal, view_.caller_named(check.principal)).first;
    }
    if (!found->second) return std::nullopt;
    what_if::Question question = view_.ask(*found->second, check.action, check.resource);
    auth::iam::Context& context = question.request.context;
    const base::TimePoint now = check.clock.value_or(services_.clock.now());
    context.set("aws:CurrentTime", base::format_iso8601(now));
    context.set("aws:EpochTime", std::to_string(now.time_since_epoch().count() / 1000));
    what_if::add_context(check.context, context);
    return question;
  }

 private:
  const Services& services_;
  PolicyView view_;
  std::map<std::string, std::optional<Caller>> callers_;
};

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return base::to_lower(text).find(base::to_lower(part)) != std::string::npos;
}

// What a verdict that surprises may come from.
std::string open_note(const what_if::Question& question) {
  what_if::OutlookMaker maker;
  const auto outlook = maker.look(question, what_if::kMostStepsHere);
  std::string note;
  if (outlook.answer == what_if::Outlook::Answer::kSometimes) {
    note += base::format("; it depends on {}, which the context does not have",
                         base::join(outlook.conditions, ", "));
  }
  if (!question.resource_is_known &&
      question.request.resource.find(":repository/") != std::string::npos) {
    note += "; there is no such repository, so that no repository policy counts";
  }
  return note;
}

void judge(const Services& services, const Check& check, what_if::Question question,
           CheckResult& result) {
  auth::iam::Verdict verdict =
      evaluate(question.request, question.policies, what_if::kMostStepsHere);
  result.allowed = verdict.allowed();
  result.reason = reason_of(question.request, verdict);
  if (result.allowed != check.expect.allowed) {
    result.problem = base::format("expected {}, is {}: {}{}", verdict_word(check.expect.allowed),
                                  verdict_word(result.allowed), result.reason, open_note(question));
  } else if (!contains_ignoring_case(result.reason, check.expect.because)) {
    result.problem =
        base::format("is {} as expected, but not because {}: {}", verdict_word(result.allowed),
                     check.expect.because, result.reason);
  } else {
    return;
  }
  result.status = Status::kFailed;
  DecisionRecord record;
  record.time = check.clock.value_or(services.clock.now());
  record.message = verdict.allowed() ? "" : denial_message(question.request, verdict);
  record.request = std::move(question.request);
  // The verdict points into the policies, whose lists keep their elements when they are moved.
  record.policies = std::move(question.policies);
  record.verdict = std::move(verdict);
  result.decision = decision_json(record, true);
}

}  // namespace

TestRun run_checks(const Services& services, const std::vector<Check>& checks,
                   const std::vector<what_if::Change>& changes) {
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kRead);
  const what_if::ChangedPolicies changed(txn, changes);
  Asker stored(services, txn, stored_policies());
  Asker proposed(services, txn, changed);
  TestRun run;
  run.results.reserve(checks.size());
  for (const Check& check : checks) {
    CheckResult result;
    result.check = &check;
    if (auto question = proposed.ask(check)) {
      judge(services, check, std::move(*question), result);
      if (!changes.empty()) {
        const auto before = stored.ask(check);
        const bool allowed =
            evaluate(before->request, before->policies, what_if::kMostStepsHere).allowed();
        if (allowed != result.allowed) result.allowed_before = allowed;
      }
    } else {
      result.status = Status::kError;
      result.problem = "there is no user, role, session or root user " + check.principal +
                       ", nor a service of that name";
    }
    run.passed += result.status == Status::kPassed ? 1 : 0;
    run.failed += result.status == Status::kPassed ? 0 : 1;
    run.flips += result.allowed_before ? 1 : 0;
    run.results.push_back(std::move(result));
  }
  return run;
}

}  // namespace ecr::api::admin::policy_tests
