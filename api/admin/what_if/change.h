// Changes of policy documents, as a request describes them:
//
//   {"kind": "inline", "target": "arn:aws:iam::111122223333:user/jane", "name": "push",
//    "document": {...} or its text; null: the policy is removed}
//
// What stands at `target` is in the table of docs/testing/what-if.md. Values; parsing is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/admin/body_node.h"
#include "auth/iam/policy/policy.h"

namespace ecr::api::admin::what_if {

// The most bytes of a document: far above what AWS takes of any kind.
inline constexpr std::size_t kMostDocumentBytes = 1u << 20;
inline constexpr std::size_t kMostChanges = 100;

enum class ChangeKind {
  kIdentity,    // one more policy of a user, group or role; with a name as kInline
  kInline,      // the inline policy of that name
  kManaged,     // a customer-managed policy
  kBoundary,    // the boundary of one user or role
  kTrust,       // of a role
  kRepository,  // of a repository
  kRegistry,    // of the registry of an account and Region
  kScp,
  kRcp,
  kEndpoint  // of the VPC endpoint that requests come by; there is one, so that it has no target
};

struct Change {
  ChangeKind kind = ChangeKind::kInline;
  std::string target;                   // an ARN; of an organization's policy also its id; of an
                                        // endpoint's empty
  std::string name;                     // of an inline policy; else empty
  std::optional<std::string> document;  // nullopt: removed
  std::string path;                     // of the change in the request, for errors

  // Throws ParameterError, which names a member of this change.
  [[noreturn]] void fail(std::string_view member, const std::string& reason) const;
};

// The kinds as a request names them, and the grammar of their documents.
const std::vector<std::string>& change_kinds();
std::string_view name_of(ChangeKind kind);
auth::iam::PolicyType type_of(ChangeKind kind);

// Throws ParameterError, also where a document is no policy of its kind.
Change read_change(const BodyNode& node);
// The list in the member `changes`; empty where it is absent.
std::vector<Change> read_changes(const BodyNode& body);

}  // namespace ecr::api::admin::what_if
