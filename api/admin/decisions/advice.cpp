// Finds out by trying: the denials are taken away, then statements are added to a copy of the
// policies, one for every verdict that still says what is missing, until evaluate() allows.
#include "api/admin/decisions/advice.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "api/admin/decisions/advice_place.h"
#include "api/admin/decisions/statement_text.h"
#include "schemas/base/json.h"

namespace ecr::api::admin {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::DecidedBy;
using auth::iam::Outcome;
using auth::iam::Policy;
using auth::iam::PolicySet;
using auth::iam::PolicyType;
using auth::iam::Request;
using auth::iam::TraceEntry;
using auth::iam::Verdict;
using base::OrderedJson;

// More than an organization has levels.
constexpr std::size_t kMostSteps = 32;

using PolicyList = std::vector<AttachedPolicy>;

// Of a set or a const set.
template <class Set>
auto& list_in(Set& set, DecidedBy type, std::size_t level) {
  switch (type) {
    case DecidedBy::kIdentity:
      return set.identity;
    case DecidedBy::kResource:
      return set.resource;
    case DecidedBy::kBoundary:
      return set.boundaries;
    case DecidedBy::kSession:
      return set.session;
    case DecidedBy::kScp:
      return set.scps.at(level);
    case DecidedBy::kRcp:
      break;
  }
  return set.rcps.at(level);
}

bool belongs(const TraceEntry& entry, DecidedBy type, std::size_t level, std::size_t policy) {
  return entry.type == type && entry.level == level && entry.policy == policy;
}

// A policy that says of this one request what `policy` says, without its denials: the allows that
// applied, with everything but the principal (which decides how much they grant) left open.
AttachedPolicy without_denials(const AttachedPolicy& attached, DecidedBy type, std::size_t level,
                               std::size_t index, const Verdict& verdict) {
  OrderedJson statements = OrderedJson::array();
  for (const TraceEntry& entry : verdict.trace) {
    if (!belongs(entry, type, level, index) || entry.outcome != Outcome::kMatched) continue;
    const auto written = OrderedJson::parse(attached.policy->statement_json(entry.statement));
    if (written.at("Effect") != "Allow") continue;
    OrderedJson open = {{"Effect", "Allow"}, {"Action", "*"}};
    for (const char* name : {"Principal", "NotPrincipal"}) {
      if (written.contains(name)) open[name] = written[name];
    }
    statements.push_back(std::move(open));
  }
  // A policy stays one: a boundary or a session policy limits also by what it does not say.
  if (statements.empty()) statements.push_back({{"Effect", "Allow"}, {"NotAction", "*"}});
  const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", statements}};
  return {*Policy::parse(base::dump(document), PolicyType::kAny), attached.source};
}

class Trial {
 public:
  Trial(const Request& request, const PolicySet& policies, const Verdict& verdict)
      : request_(request), set_(policies) {
    const auto reduce = [&](PolicyList& list, DecidedBy type, std::size_t level) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        list[i] = without_denials(list[i], type, level, i, verdict);
      }
    };
    reduce(set_.identity, DecidedBy::kIdentity, 0);
    reduce(set_.boundaries, DecidedBy::kBoundary, 0);
    reduce(set_.session, DecidedBy::kSession, 0);
    reduce(set_.resource, DecidedBy::kResource, 0);
    for (std::size_t i = 0; i < set_.scps.size(); ++i) reduce(set_.scps[i], DecidedBy::kScp, i);
    for (std::size_t i = 0; i < set_.rcps.size(); ++i) reduce(set_.rcps[i], DecidedBy::kRcp, i);
  }

  std::vector<AdviceStep> run() {
    std::vector<AdviceStep> steps;
    while (steps.size() < kMostSteps) {
      const Verdict verdict = evaluate(request_, set_);
      if (verdict.allowed()) break;
      steps.push_back(add_to(verdict));
    }
    return steps;
  }

 private:
  static bool allows(const Verdict& verdict, DecidedBy type, std::size_t level,
                     std::size_t policy) {
    return std::any_of(verdict.trace.begin(), verdict.trace.end(), [&](const TraceEntry& entry) {
      return belongs(entry, type, level, policy) && entry.outcome == Outcome::kMatched;
    });
  }

  // The first level none of whose policies allows.
  static std::size_t missing_level(const Verdict& verdict, const std::vector<PolicyList>& levels) {
    for (std::size_t level = 0; level < levels.size(); ++level) {
      bool some = false;
      for (std::size_t i = 0; i < levels[level].size(); ++i) {
        some = some || allows(verdict, verdict.decided_by, level, i);
      }
      if (!some) return level;
    }
    return 0;
  }

  AdviceStep add_to(const Verdict& verdict) {
    AdviceStep step;
    step.type = verdict.decided_by;
    if (step.type == DecidedBy::kScp) step.level = missing_level(verdict, set_.scps);
    if (step.type == DecidedBy::kRcp) step.level = missing_level(verdict, set_.rcps);
    PolicyList& list = list_in(set_, step.type, step.level);
    // Every boundary has to allow; of the others any will do, and a new one does no harm, except
    // where there are session policies or SCPs already: those stand for a choice somebody made.
    if (step.type == DecidedBy::kBoundary) {
      while (step.policy < list.size() && allows(verdict, step.type, 0, step.policy)) ++step.policy;
    } else if (step.type == DecidedBy::kIdentity || step.type == DecidedBy::kResource) {
      step.policy = list.size();
    }
    const Place place = place_of(request_, step.type);
    step.document = statement_for(request_, place);
    const std::string_view source =
        step.policy < list.size() ? std::string_view(list[step.policy].source) : "";
    step.where = describe(request_, place, step.level, source);
    if (step.policy == list.size()) list.emplace_back();
    extend(list[step.policy], step.document);
    return step;
  }

  static void extend(AttachedPolicy& attached, const std::string& statement) {
    OrderedJson statements = OrderedJson::array();
    if (attached.policy != nullptr) {
      for (std::size_t i = 0; i < attached.policy->statement_count(); ++i) {
        statements.push_back(OrderedJson::parse(attached.policy->statement_json(i)));
      }
    }
    statements.push_back(OrderedJson::parse(statement));
    const OrderedJson document = {{"Version", "2012-10-17"}, {"Statement", statements}};
    attached.policy = *Policy::parse(base::dump(document), PolicyType::kAny);
  }

  const Request& request_;
  PolicySet set_;
};

}  // namespace

const PolicyList& policies_of(const PolicySet& set, DecidedBy type, std::size_t level) {
  return list_in(set, type, level);
}

std::vector<AdviceStep> advise(const Request& request, const PolicySet& policies,
                               const Verdict& verdict) {
  std::vector<AdviceStep> steps;
  if (verdict.allowed()) return steps;
  for (const TraceEntry& entry : verdict.trace) {
    if (entry.outcome != Outcome::kMatched) continue;
    const AttachedPolicy& attached = policies_of(policies, entry.type, entry.level)[entry.policy];
    std::string written = attached.policy->statement_json(entry.statement);
    if (OrderedJson::parse(written).at("Effect") != "Deny") continue;
    AdviceStep step;
    step.change = AdviceStep::Change::kRemove;
    step.type = entry.type;
    step.level = entry.level;
    step.policy = entry.policy;
    step.statement = entry.statement;
    step.sid = attached.policy->sid(entry.statement);
    step.document = std::move(written);
    step.where = attached.source.empty()
                     ? describe(request, place_of(request, entry.type), entry.level, "")
                     : attached.source;
    steps.push_back(std::move(step));
  }
  auto added = Trial(request, policies, verdict).run();
  std::move(added.begin(), added.end(), std::back_inserter(steps));
  return steps;
}

}  // namespace ecr::api::admin
