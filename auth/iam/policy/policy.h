// A policy document, parsed and compiled once: immutable, thread-safe, shared.
// The language: AWS IAM User Guide, "IAM JSON policy reference".
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ecr::auth::iam {

// The place where a document is stored decides its grammar.
enum class PolicyType {
  kIdentity,  // users, groups, roles, managed policies; also boundaries
  kSession,
  kRepository,  // ECR: Resource may not be given, Principal must be; 2008 and repeated Sids allowed
  kRegistry,    // ECR: Principal and Resource; any ECR action
  kTrust,       // a role's: Principal, no Resource
  kScp,
  kRcp,
  kEndpoint,  // of a VPC endpoint: Principal and Resource, actions of any service
  kAny,       // for the evaluator's own input: all that the language allows
};

// One reason why a document is refused (or, for warnings, doubtful).
struct PolicyProblem {
  bool warning = false;
  std::size_t line = 0;  // in the document, from 1; 0: the document as a whole
  std::string message;   // AWS's own sentence where it has one
  std::string path;      // "Statement[1].Action[0]"
  std::string detail;    // the exact fault, where AWS's sentence does not tell it
};

class Policy;
using PolicyPtr = std::shared_ptr<const Policy>;

class Policy {
 public:
  struct Compiled;  // the evaluator's form, internal to auth/iam

  // The first problem of the document, in AWS's order, or the compiled policy.
  static tl::expected<PolicyPtr, PolicyProblem> parse(std::string_view document, PolicyType type);

  explicit Policy(std::unique_ptr<const Compiled> compiled);
  ~Policy();
  const Compiled& compiled() const { return *compiled_; }
  std::size_t statement_count() const;
  std::string sid(std::size_t statement) const;             // empty: none
  std::string statement_json(std::size_t statement) const;  // compact, as it was written
  // Condition `condition` of the statement as "StringEquals aws:username"; for explanations.
  std::string condition_text(std::size_t statement, std::size_t condition) const;
  // The ARNs of users, roles and sessions that Principal and NotPrincipal name, each once: the code
  // that stores the policy checks that they exist ("Principal not found").
  std::vector<std::string> principal_arns() const;

 private:
  std::unique_ptr<const Compiled> compiled_;
};

// Every problem and warning, in the order of the document.
std::vector<PolicyProblem> lint_policy(std::string_view document, PolicyType type);

// The size AWS counts against its limits: characters that are not white space outside of strings.
std::size_t counted_size(std::string_view document);

}  // namespace ecr::auth::iam
