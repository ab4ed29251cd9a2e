// The parts of a seed being applied, a file each; all inside one transaction.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/admin/seed/oci_layout.h"
#include "api/admin/seed/seed_reader.h"
#include "api/core/services.h"
#include "auth/iam/policy.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {

// The images of the document, imported already, by the place that names them.
using LayoutsByPlace = std::map<std::string, Layout>;

struct Seeding {
  const Services& services;
  storage::sql::Txn& txn;
  base::TimePoint now;
  const LayoutsByPlace& layouts;
  // Once everything that the document names is there, still inside the transaction.
  std::vector<std::function<void()>> at_end = {};
  std::vector<std::function<void()>> after_commit = {};
};

// Takes in the files of every image. Before the transaction. seed_ecr.cpp
void import_images(const Services& services, const SeedNode& root, const std::string& directory,
                   LayoutsByPlace& layouts);
// One of the account's "repositories"; "registryPolicies" and "accountSettings". seed_ecr.cpp
void apply_repository(Seeding& seeding, const SeedNode& node, const std::string& account);
void apply_registries(Seeding& seeding, const SeedNode& node, const std::string& account);

// managedPolicies, groups, roles, users, sessions of one account, in this order.
// seed_identities.cpp
void apply_identities(Seeding& seeding, const std::string& account, const SeedNode& node);
// Its identity providers, instanceProfiles, serviceLinkedRoles and accountAlias. seed_providers.cpp
void apply_providers(Seeding& seeding, const std::string& account, const SeedNode& node);

// "path"; "/" where it is absent. seed_identities.cpp
std::string seed_path(const SeedNode& node);
// The document's "organization". seed_organization.cpp
void apply_organization(Seeding& seeding, const SeedNode& node);

// A member that is a string; checked against a shape of the IAM model.
std::string checked_name(const SeedNode& node, std::string_view member, const char* shape);
// A policy, given as an object or as its text; fails with AWS's sentence.
std::string policy_text(const SeedNode& node, auth::iam::PolicyType type);
// {"key": "value"}; none where it is absent.
storage::Tags seed_tags(const SeedNode& node);

}  // namespace ecr::api::admin
