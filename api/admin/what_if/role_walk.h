// Who gets to a role: principals that may assume it, those that may assume a role from which it may
// be assumed, and so on; each by the fewest steps. One thread; borrows its arguments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/admin/what_if/budget.h"
#include "api/admin/what_if/outlook.h"
#include "api/admin/what_if/policy_view.h"
#include "api/admin/what_if/who_can.h"

namespace ecr::api::admin::what_if {

// One role that is assumed.
struct RoleStep {
  std::string role;    // its ARN
  std::string action;  // "sts:AssumeRole", or that of a federated user
  Question question;   // that the verdicts of `outlook` point into
  Outlook outlook;     // kAlways or kSometimes
};

// The steps of a principal, the first one first; the last role is one of those that were asked
// about. Borrows the steps from the walk.
struct RoleWay {
  Candidate who;
  std::vector<const RoleStep*> steps;
};

class RoleWalk {
 public:
  RoleWalk(const Services& services, storage::sql::Txn& txn, PolicyView& view, OutlookMaker& maker)
      : services_(services), txn_(txn), view_(view), maker_(maker) {}

  struct Goal {
    std::string role;
    bool always = true;  // what is asked about is allowed to it whatever the request
  };
  // The ways to one of the goals, by steps and then as who_can() lists principals. A way on which
  // nothing is open goes before one of as many steps on which something is. `wanted`: only the way
  // of this principal. `truncated`: there was no time for all of them.
  std::vector<RoleWay> ways_to(const std::vector<Goal>& goals,
                               const std::optional<std::string>& wanted, const Deadline& deadline,
                               bool& truncated);

 private:
  struct Known {
    Candidate who;
    Caller caller;
    std::string unique_id;
  };
  struct Reached {
    std::size_t steps = 0;
    bool always = true;
    std::string next;  // the role whose way goes on; empty: a goal
    RoleStep step;
    Candidate who;
  };
  const std::vector<Known>& everybody();
  std::vector<const Known*> named_by(const auth::iam::Policy& trust, std::string_view partition);
  // One that is no user and no role, with its caller; null: it is nobody here.
  const Known* known_as(const std::string& principal, const char* kind, const std::string& account,
                        std::optional<Caller> caller);
  // Those that may assume the role, which is `steps` - 1 steps from a goal.
  void add_assumers(const std::string& role, bool always, std::size_t steps);
  void try_assume(const Known& known, const std::string& action, const std::string& role,
                  bool always, std::size_t steps);
  RoleWay way_of(const Reached& reached) const;

  const Services& services_;
  storage::sql::Txn& txn_;
  PolicyView& view_;
  OutlookMaker& maker_;
  std::optional<std::vector<Known>> everybody_;
  std::map<std::string, Known> others_;     // sessions, services, providers; by name
  std::map<std::string, Reached> reached_;  // by principal; a goal has 0 steps
};

}  // namespace ecr::api::admin::what_if
