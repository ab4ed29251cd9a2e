// Principals and resources of the server with the policies that a reader gives them: the policies
// that are stored, or those with changes laid over them (changed_policies.h). Answers which
// policies decide about a request, one that was recorded or one that somebody might make. One
// thread; borrows its arguments.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/core/access/decision_log.h"
#include "api/core/access/identity.h"
#include "api/core/access/policy_reader.h"
#include "api/core/access/target.h"
#include "api/core/services.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

// A request that nobody made: only what does not depend on how it is made is in its context.
struct Question {
  auth::iam::Request request;
  auth::iam::PolicySet policies;
  bool is_role = false;            // the caller is some session of a role
  bool resource_is_known = false;  // it is stored here, so that its tags are known

  // True for a condition key of which the answer is the same for every request of this caller for
  // this action and resource. `lower_key`: in lower case.
  bool knows(std::string_view lower_key) const;
};

class PolicyView {
 public:
  PolicyView(const Services& services, storage::sql::Txn& txn, const PolicyReader& reader);

  // The user, role (any session of it, without tags), session of a role, root user or service of
  // that ARN or name. nullopt: there is none.
  std::optional<Caller> caller_named(std::string_view arn);
  Caller caller_of(const storage::Entity& user_or_role);
  Caller root_of(std::string_view account, std::string_view partition);

  // REQUIRES: `caller` came from this view.
  Question ask(const Caller& caller, const std::string& action, const std::string& resource);

  // The policies that would decide about a recorded request now. nullopt: its caller is gone, so
  // that there is nothing to decide about.
  std::optional<auth::iam::PolicySet> policies_for(const DecisionRecord& record);

 private:
  // The policies of a recorded principal; null: it is gone.
  const Caller* recorded_caller(const auth::iam::Principal& principal);
  std::optional<Caller> find_recorded(const auth::iam::Principal& principal);
  // `owner`: of a resource whose ARN has no account.
  Target target_of(const api::Request& request, std::string_view action,
                   const std::string& resource, const std::string& owner);
  // The same, remembered: many callers are asked about one target.
  struct Subject {
    Target target;
    bool is_known = false;  // it is stored here
  };
  const Subject& subject_of(const api::Request& request, const std::string& action,
                            const std::string& resource);
  std::vector<auth::iam::AttachedPolicy> session_policies(
      std::vector<auth::iam::AttachedPolicy> recorded);

  const Services& services_;
  storage::sql::Txn& txn_;
  const PolicyReader& reader_;
  const base::TimePoint now_;
  const HttpRequest job_http_;     // that nobody sent
  const HttpRequest client_http_;  // as a client would send it
  LogNote note_;
  std::map<std::string, std::optional<Caller>, std::less<>> recorded_;
  // By action, resource, account of the caller, and whether it is the root user.
  std::map<std::tuple<std::string, std::string, std::string, bool>, Subject> subjects_;
};

}  // namespace ecr::api::admin::what_if
