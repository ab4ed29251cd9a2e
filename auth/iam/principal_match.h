// Principal and NotPrincipal: what a statement names, and how closely it names a caller. Source:
// AWS IAM User Guide, "IAM JSON policy elements: Principal" and "NotPrincipal".
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/context.h"
#include "auth/iam/evaluate.h"

namespace ecr::auth::iam {

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
    kUniqueId,  // "AIDA...", "AROA...": what a stored policy names a user or role by
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
