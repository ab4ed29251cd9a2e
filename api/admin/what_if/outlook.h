// The answer to a question about a request that nobody made yet: whether every such request is
// allowed, none, or some, and then which condition keys decide. Pure.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/admin/what_if/policy_view.h"
#include "auth/iam/evaluate.h"

namespace ecr::api::admin::what_if {

// What a request must carry: a test of a statement whose answer is open.
struct Need {
  std::string key;     // as it is written in the policy
  std::string test;    // "IpAddress"; empty: the key is a variable, in the statement's resources or
                       // in the values of another test
  std::string values;  // of the test, as JSON: a value, or a list; empty: no test
  bool allows = true;  // false: the statement denies, so that the test must fail
  friend auto operator<=>(const Need&, const Need&) = default;
};

struct Outlook {
  enum class Answer { kAlways, kSometimes, kNever } answer = Answer::kNever;
  // Of a request that has nothing but what is known.
  auth::iam::Verdict verdict;
  // kSometimes: the keys that decide, sorted, as they are written in the policies.
  std::vector<std::string> conditions;
  std::vector<Need> needs;  // the same with the tests, sorted
  // kSometimes: the verdict of a request that meets them all. Else the same as `verdict`.
  auth::iam::Verdict best;
};

// Remembers what it found out about each policy, so that many questions about the same policies
// are cheap. One thread.
class OutlookMaker {
 public:
  // The verdicts point into question.policies.
  Outlook look(const Question& question, std::size_t most_steps);

 private:
  // The keys that a statement asks for, in its conditions and as variables.
  struct Statement {
    bool allow = false;
    std::vector<std::string> keys;
  };
  const std::vector<Statement>& statements_of(const auth::iam::PolicyPtr& policy);
  // The keys of the statement that the question leaves open.
  std::vector<std::string> open_keys(const Question& question, const auth::iam::PolicyPtr& policy,
                                     std::size_t statement);
  // The policy where every open key counts as the best (or the worst) for the caller.
  auth::iam::PolicyPtr assume(const Question& question, const auth::iam::PolicyPtr& policy,
                              bool best, bool& changed);
  auth::iam::PolicySet assume(const Question& question, bool best, bool& changed);
  std::vector<Need> deciding_needs(const Question& question, const auth::iam::Verdict& best,
                                   const auth::iam::Verdict& worst);
  void add_needs(const Question& question, const auth::iam::TraceEntry& entry, bool allows,
                 std::vector<Need>& needs);

  // It keeps every policy alive, so that an address stays a name for one.
  std::map<auth::iam::PolicyPtr, std::vector<Statement>> statements_;
  std::map<std::string, auth::iam::PolicyPtr> assumed_;  // by policy, open keys, best
};

}  // namespace ecr::api::admin::what_if
