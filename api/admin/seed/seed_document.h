// The seed document as the code that applies it reads it, and the parts of it, a file each.
// Internal to the seed; its format is in seed.h. Everything runs in one thread; every function that
// reads a node throws SeedError, which names the path of the wrong value.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/admin/seed/oci_layout.h"
#include "api/core/access/request.h"
#include "api/core/services.h"
#include "auth/iam/policy/policy.h"
#include "schemas/model/arn.h"
#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {

// One value of the document and its path ("accounts.123456789012.users[0]"). Borrows the document.
class SeedNode {
 public:
  SeedNode(const nlohmann::json& value, std::string path) : value_(value), path_(std::move(path)) {}

  // Fails on a member that is not in the list: a mistyped name would otherwise be ignored.
  void check_members(std::initializer_list<std::string_view> known) const;
  bool has(std::string_view member) const;
  std::string text(std::string_view member) const;  // required
  std::string text(std::string_view member, std::string fallback) const;
  std::vector<std::string> text_list(std::string_view member) const;  // empty: absent
  bool flag(std::string_view member, bool fallback) const;
  std::int64_t number(std::string_view member, std::int64_t fallback, std::int64_t min,
                      std::int64_t max) const;
  SeedNode member(std::string_view member) const;  // required
  const nlohmann::json& json() const { return value_; }
  const std::string& path() const { return path_; }

  // Calls visit(SeedNode) for each element of a list member; not at all where it is absent.
  void each(std::string_view name, const std::function<void(const SeedNode&)>& visit) const;
  // Calls visit(key, SeedNode) for each member of an object member; not at all where it is absent.
  void each_pair(std::string_view name,
                 const std::function<void(const std::string&, const SeedNode&)>& visit) const;
  [[noreturn]] void fail(std::string_view reason) const;

 private:
  const nlohmann::json& value_;
  std::string path_;
};

// A member that is a string; checked against a shape of the IAM model.
std::string checked_name(const SeedNode& node, std::string_view member, const char* shape);
// "path"; "/" where it is absent.
std::string seed_path(const SeedNode& node);
// "tags": {"key": "value"}; empty where it is absent.
storage::Tags seed_tags(const SeedNode& node);

// The images of the document, imported already, by the path of their node.
using LayoutsByPath = std::map<std::string, Layout>;

// The seed that is being applied, inside its transaction.
struct SeedContext {
  const Services& services;
  storage::sql::Txn& txn;
  base::TimePoint now;
  const LayoutsByPath& layouts;
  // Run once every entity of the document exists, still inside the transaction: policies may name
  // principals that stand later in the document.
  std::vector<std::function<void()>> before_commit = {};
  std::vector<std::string> warnings = {};  // of policies; kMostSeedWarnings at most

  // That of the server's default Region: identities of a seed are in it.
  std::string_view partition() const { return model::partition_of(services.settings.region); }
};

// A policy, given as an object or as its text; fails with AWS's sentence and what exactly is wrong.
// What AWS takes but cannot work becomes a warning.
std::string policy_text(SeedContext& context, const SeedNode& node, auth::iam::PolicyType type);

// Stores the blobs of every image of the document. Call it before the transaction. seed_ecr.cpp
void import_images(const Services& services, const SeedNode& root, const std::string& directory,
                   LayoutsByPath& layouts);
// One of the account's "repositories"; "registryPolicies" and "accountSettings". seed_ecr.cpp
void apply_repository(SeedContext& context, const SeedNode& node, const std::string& account);
void apply_registries(SeedContext& context, const SeedNode& node, const std::string& account);
// managedPolicies, groups, roles, users and sessions of one account, in this order: each may name
// those before it. seed_identities.cpp
void apply_identities(SeedContext& context, const SeedNode& node, const std::string& account);
// oidcProviders, samlProviders, serviceLinkedRoles, accountAlias and instanceProfiles of one
// account. seed_providers.cpp
void apply_providers(SeedContext& context, const SeedNode& node, const std::string& account);
// One of the document's "roleTemplates". seed_role_templates.cpp
void apply_role_template(SeedContext& context, const SeedNode& node);
// The document's "organization". seed_organization.cpp
void apply_organization(SeedContext& context, const SeedNode& node);

}  // namespace ecr::api::admin
