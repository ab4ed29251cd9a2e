#include "storage/rows/repository_listing.h"

namespace ecr::storage {

RepositoryContents contents_of(sql::Txn& txn, std::int64_t repository) {
  RepositoryContents contents;
  {
    auto row = txn.query("SELECT count(*), total(size_bytes) FROM images WHERE repository = ?",
                         repository);
    row.next();
    contents.images = row.integer(0);
    contents.bytes = static_cast<std::int64_t>(row.real(1));
  }
  contents.tags = sql::only_integer(
      txn.query("SELECT count(*) FROM image_tags WHERE repository = ?", repository));
  return contents;
}

// The unique index gives the order; the filters are compared row by row. substr() and instr(), not
// LIKE: a name may hold '_'.
std::vector<Repository> find_repositories(sql::Txn& txn, const RepositoryFilter& filter,
                                          const RepositoryPlace& after, std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kRepositoryColumns +
                               " FROM repositories WHERE (account, region, name) > (?, ?, ?) "
                               "AND (? = '' OR account = ?) AND substr(name, 1, ?) = ? "
                               "AND (? = '' OR instr(name, ?) > 0) "
                               "ORDER BY account, region, name LIMIT ?";
  return sql::all_rows(txn.query(kSql, after.registry.account, after.registry.region, after.name,
                                 filter.account, filter.account, std::int64_t(filter.prefix.size()),
                                 filter.prefix, filter.search, filter.search, limit),
                       read_repository);
}

}  // namespace ecr::storage
