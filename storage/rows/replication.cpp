#include "storage/rows/replication.h"

namespace ecr::storage {

void put_image_replication(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                           const ImageReplication& replication) {
  txn.exec(
      R"(INSERT INTO image_replications (image, account, region, status, failure_code)
         SELECT id, ?, ?, ?, ? FROM images WHERE repository = ? AND digest = ?
         ON CONFLICT (image, account, region)
         DO UPDATE SET status = excluded.status, failure_code = excluded.failure_code)",
      replication.account, replication.region, replication.status, replication.failure_code,
      repository, digest);
}

std::vector<ImageReplication> image_replications(sql::Txn& txn, std::int64_t repository,
                                                 std::string_view digest) {
  auto row = txn.query(
      R"(SELECT account, region, status, failure_code FROM image_replications
         WHERE image = (SELECT id FROM images WHERE repository = ? AND digest = ?)
         ORDER BY account, region)",
      repository, digest);
  std::vector<ImageReplication> found;
  while (row.next()) found.push_back({row.string(0), row.string(1), row.string(2), row.string(3)});
  return found;
}

}  // namespace ecr::storage
