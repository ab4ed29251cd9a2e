// The caller of a request; the callers that Principal and NotPrincipal name, and how closely they
// name them. Source: AWS IAM User Guide, "IAM JSON policy elements: Principal" and "NotPrincipal".
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/context.h"

namespace ecr::auth::iam {

enum class PrincipalKind { kAnonymous, kRoot, kUser, kRoleSession, kFederatedUser, kService };

struct Principal {
  PrincipalKind kind = PrincipalKind::kAnonymous;
  // The name that a policy may use and an error prints: "arn:aws:iam::123456789012:user/jane",
  // "arn:aws:sts::123456789012:assumed-role/role/session", "x.amazonaws.com"; empty: anonymous.
  std::string arn;
  std::string account;  // empty: anonymous or a service
  // For a session: the role with its path, or the user that issued it; else empty.
  std::string issuer;
  // "AIDA...", "AROA...": the id of the user, or of the role or user behind a session. Stored
  // policies may name it. Empty: unknown, then no unique id in a policy matches.
  std::string unique_id;
};

// Kind and account from the ARN's form, as `ecr-local evaluate` reads it. Empty: anonymous. A role
// session without issuer gets the role of that name with the path "/"; the ARN of a role itself
// stands for any session of the role. nullopt: not a principal.
std::optional<Principal> make_principal(std::string_view arn, std::string_view issuer);

// How closely a policy names a caller; in one account it decides how much the policy grants alone.
// In rising order.
enum class Named : std::uint8_t {
  kNot,
  kAccount,  // its account: only hands the decision to the account's identity policies
  kIssuer,   // the role or the user behind a session: the boundary and the session policy limit it
  kDirectly  // the user, the session, the service itself, or everyone: nothing but a deny limits it
};

struct PrincipalEntry {
  enum class Kind : std::uint8_t {
    kEveryone,  // "*", {"AWS": "*"}
    kAccount,   // "123456789012", "arn:aws:iam::123456789012:root"; text: the account id
    kArn,       // a user, a role, an assumed-role session, a federated-user session
    kUniqueId,  // "AIDA...", "AROA...": the id by which a stored policy names a user or role
    kService,
    kFederated,  // an OIDC or SAML provider
    kCanonicalUser
  };
  Kind kind = Kind::kEveryone;
  std::string text;

  // `type`: "AWS", "Service", "Federated", "CanonicalUser". nullopt: not a form that AWS knows.
  static std::optional<PrincipalEntry> parse(std::string_view type, std::string_view text);
};

class PrincipalSet {
 public:
  void add(PrincipalEntry entry) { entries_.push_back(std::move(entry)); }
  const std::vector<PrincipalEntry>& entries() const { return entries_; }

  // The closest way in which some entry names the caller.
  Named names(const Principal& principal, const Context& context) const;
  // As NotPrincipal of a Deny: every layer of the caller has to be listed.
  bool exempts(const Principal& principal, const Context& context) const;

 private:
  std::vector<PrincipalEntry> entries_;
};

}  // namespace ecr::auth::iam
