#include "storage/rows/uploads.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// Before the file is made: a file without a row is taken for what a crash has left, and removed
// (Store::sweep_files).
void insert_upload(sql::Txn& txn, const Upload& upload) {
  txn.exec("INSERT INTO uploads (id, repository, principal, active_at) VALUES (?, ?, ?, ?)",
           upload.id, upload.repository, upload.principal, to_column(upload.active_at));
}

// By the id alone. The caller compares repository and principal, and answers others as if there
// were no upload.
std::optional<Upload> find_upload(sql::Txn& txn, std::string_view id) {
  auto row = txn.query("SELECT id, repository, principal, active_at FROM uploads WHERE id = ?", id);
  if (!row.next()) return std::nullopt;
  return Upload{row.string(0), row.integer(1), row.string(2), from_column(row.integer(3))};
}

// In the transaction that makes the upload a blob, or ends it: a row that stayed would let the
// client go on with bytes that are gone.
void delete_upload(sql::Txn& txn, std::string_view id) {
  txn.exec("DELETE FROM uploads WHERE id = ?", id);
}

UploadParts upload_parts(sql::Txn& txn, std::string_view id) {
  auto row = txn.query("SELECT parts, short_part_inside FROM uploads WHERE id = ?", id);
  if (!row.next()) return {};
  return {row.integer(0), row.integer(1) != 0};
}

// ECR takes a layer part below 5 MiB only as the last one (LayerPartTooSmallException), and only
// the end of the upload tells which was the last. So the row remembers whether the last part was
// short, and whether an earlier one was.
bool add_upload_part(sql::Txn& txn, std::string_view id, bool is_short, base::TimePoint now) {
  // The right sides of SET see the old row: the part that was last before is not last any more.
  return txn.exec(
             R"(UPDATE uploads
                SET parts = parts + 1,
                    short_part_inside = CASE WHEN last_part_short = 1 THEN 1
                                             ELSE short_part_inside END,
                    last_part_short = ?,
                    active_at = ?
                WHERE id = ?)",
             is_short, to_column(now), id) != 0;
}

// The answer matters: the collector may have removed the row since the caller looked it up.
bool touch_upload(sql::Txn& txn, std::string_view id, base::TimePoint now) {
  return txn.exec("UPDATE uploads SET active_at = ? WHERE id = ?", to_column(now), id) != 0;
}

// Goes on after the last row by (active_at, id), so that uploads which a request is using, and
// which the collector must leave alone, do not come again and again.
std::vector<Upload> abandoned_uploads(sql::Txn& txn, base::TimePoint before, const Upload& after,
                                      std::int64_t limit) {
  std::vector<Upload> uploads;
  for (auto row = txn.query(
           R"(SELECT id, repository, active_at FROM uploads
              WHERE active_at < ? AND (active_at, id) > (?, ?) ORDER BY active_at, id LIMIT ?)",
           to_column(before), to_column(after.active_at), after.id, limit);
       row.next();) {
    uploads.push_back({row.string(0), row.integer(1), "", from_column(row.integer(2))});
  }
  return uploads;
}

// Asks for the time again: a request may have gone on with the upload since the list was read.
bool delete_abandoned_upload(sql::Txn& txn, std::string_view id, base::TimePoint before) {
  return txn.exec("DELETE FROM uploads WHERE id = ? AND active_at < ?", id, to_column(before)) != 0;
}

std::vector<std::string> repository_uploads(sql::Txn& txn, std::int64_t repository) {
  return sql::all_texts(
      txn.query("SELECT id FROM uploads WHERE repository = ? ORDER BY id", repository));
}

}  // namespace ecr::storage
