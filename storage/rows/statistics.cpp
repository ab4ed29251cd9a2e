#include "storage/rows/statistics.h"

namespace ecr::storage {

Statistics statistics(sql::Txn& txn) {
  auto row = txn.query(
      R"(SELECT (SELECT COUNT(*) FROM repositories), (SELECT COUNT(*) FROM images),
                (SELECT COUNT(*) FROM blobs), (SELECT COALESCE(SUM(size), 0) FROM blobs),
                (SELECT COUNT(*) FROM uploads),
                (SELECT COUNT(*) FROM jobs WHERE state = 'pending'),
                (SELECT COUNT(*) FROM jobs WHERE state = 'failed'))");
  row.next();
  return {row.integer(0), row.integer(1), row.integer(2), row.integer(3),
          row.integer(4), row.integer(5), row.integer(6)};
}

}  // namespace ecr::storage
