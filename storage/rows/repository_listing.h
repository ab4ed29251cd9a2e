// A listing of the repositories of all registries, with what is in them. Free functions on Txn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct RepositoryContents {
  std::int64_t images = 0;
  std::int64_t tags = 0;
  std::int64_t bytes = 0;  // of its images as ECR reports them; a layer of two images counts twice
};
// Reads as many rows as the repository has images and tags.
RepositoryContents contents_of(sql::Txn& txn, std::int64_t repository);

struct RepositoryFilter {
  std::string account = {};  // empty: of every account
  std::string prefix = {};   // of the name
  std::string search = {};   // anywhere in the name
};
// A place in the order of that listing, whether or not a repository is there.
struct RepositoryPlace {
  model::RegistryId registry = {};
  std::string name = {};  // any text
};
// The repositories that the filter takes, by account, Region and name, after `after` (exclusive),
// at most `limit`.
std::vector<Repository> find_repositories(sql::Txn& txn, const RepositoryFilter& filter,
                                          const RepositoryPlace& after, std::int64_t limit);

}  // namespace ecr::storage
