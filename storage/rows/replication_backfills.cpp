#include "storage/rows/replication_backfills.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kBackfillColumns(
    "number, id, account, region, to_account, to_region, status, failure_code, started_at, "
    "ended_at, total, completed, failed, failure_codes, at_repository, at_digest, at_tag");
constexpr sql::Literal kBackfillResultColumns(
    "position, repository, digest, tag, status, failure_code, child_failure_codes");

ReplicationBackfill read_backfill(const sql::Rows& row) {
  return {.number = row.integer(0),
          .id = row.string(1),
          .source = {row.string(2), row.string(3)},
          .destination = {row.string(4), row.string(5)},
          .status = value_of<BackfillStatus>(row.text(6)),
          .failure_code = row.string(7),
          .started_at = from_column(row.integer(8)),
          .ended_at = from_column(row.optional_integer(9)),
          .total = row.integer(10),
          .completed = row.integer(11),
          .failed = row.integer(12),
          .failure_codes = split_lines(row.text(13)),
          .at_repository = to_optional_repository_name(row.text(14)),
          .at_digest = to_optional_digest(row.text(15)),
          .at_tag = row.string(16)};
}

ReplicationBackfillResult read_backfill_result(const sql::Rows& row) {
  ReplicationBackfillResult result{.repository = to_repository_name(row.text(1)),
                                   .digest = to_digest(row.text(2)),
                                   .position = row.integer(0),
                                   .tag = row.string(3),
                                   .status = value_of<BackfillResultStatus>(row.text(4)),
                                   .failure_code = row.string(5)};
  if (!row.is_null(6)) result.child_failure_codes = split_lines(row.text(6));
  return result;
}

std::optional<std::string> child_codes_column(const ReplicationBackfillResult& result) {
  if (!result.child_failure_codes) return std::nullopt;
  return join_lines(*result.child_failure_codes);
}

}  // namespace

void insert_replication_backfill(sql::Txn& txn, const ReplicationBackfill& backfill) {
  txn.exec(
      R"(INSERT INTO replication_backfills
           (id, account, region, to_account, to_region, status, failure_code, started_at, ended_at,
            total, completed, failed, failure_codes, at_repository, at_digest, at_tag)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
      backfill.id, backfill.source.account, backfill.source.region, backfill.destination.account,
      backfill.destination.region, word_of(backfill.status), backfill.failure_code,
      to_column(backfill.started_at), to_column(backfill.ended_at), backfill.total,
      backfill.completed, backfill.failed, join_lines(backfill.failure_codes),
      to_column(backfill.at_repository), to_column(backfill.at_digest), backfill.at_tag);
}

std::optional<ReplicationBackfill> find_replication_backfill(sql::Txn& txn, std::string_view id) {
  static constexpr auto kSql =
      "SELECT " + kBackfillColumns + " FROM replication_backfills WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_backfill);
}

void update_replication_backfill(sql::Txn& txn, const ReplicationBackfill& backfill) {
  txn.exec(
      R"(UPDATE replication_backfills
         SET status = ?, failure_code = ?, ended_at = ?, total = ?, completed = ?, failed = ?,
             failure_codes = ?, at_repository = ?, at_digest = ?, at_tag = ?
         WHERE number = ?)",
      word_of(backfill.status), backfill.failure_code, to_column(backfill.ended_at), backfill.total,
      backfill.completed, backfill.failed, join_lines(backfill.failure_codes),
      to_column(backfill.at_repository), to_column(backfill.at_digest), backfill.at_tag,
      backfill.number);
}

std::vector<ReplicationBackfill> running_replication_backfills(sql::Txn& txn,
                                                               const model::RegistryId& registry) {
  static constexpr auto kSql = "SELECT " + kBackfillColumns +
                               " FROM replication_backfills WHERE account = ? AND region = ? "
                               "AND ended_at IS NULL ORDER BY number";
  return sql::all_rows(txn.query(kSql, registry.account, registry.region), read_backfill);
}

std::vector<ReplicationBackfill> list_replication_backfills(sql::Txn& txn,
                                                            const model::RegistryId& registry,
                                                            base::TimePoint ended_after,
                                                            std::int64_t before,
                                                            std::int64_t limit) {
  static constexpr auto kSql = "SELECT " + kBackfillColumns +
                               " FROM replication_backfills WHERE account = ? AND region = ? "
                               "AND number < ? AND (ended_at IS NULL OR ended_at > ?) "
                               "ORDER BY number DESC LIMIT ?";
  return sql::all_rows(
      txn.query(kSql, registry.account, registry.region, before, to_column(ended_after), limit),
      read_backfill);
}

std::optional<std::int64_t> ended_replication_backfill(sql::Txn& txn, base::TimePoint ended_by) {
  return sql::first_integer(txn.query(
      "SELECT number FROM replication_backfills WHERE ended_at <= ? ORDER BY ended_at LIMIT 1",
      to_column(ended_by)));
}

void delete_replication_backfill(sql::Txn& txn, std::int64_t number) {
  txn.exec("DELETE FROM replication_backfills WHERE number = ?", number);
}

void insert_replication_backfill_result(sql::Txn& txn, std::int64_t backfill,
                                        const ReplicationBackfillResult& result) {
  txn.exec(
      R"(INSERT INTO replication_backfill_results
           (backfill, position, repository, digest, tag, status, failure_code, child_failure_codes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?))",
      backfill, result.position, result.repository, result.digest, result.tag,
      word_of(result.status), result.failure_code, child_codes_column(result));
}

void update_replication_backfill_result(sql::Txn& txn, std::int64_t backfill,
                                        const ReplicationBackfillResult& result) {
  txn.exec(
      R"(UPDATE replication_backfill_results
         SET status = ?, failure_code = ?, child_failure_codes = ?
         WHERE backfill = ? AND position = ?)",
      word_of(result.status), result.failure_code, child_codes_column(result), backfill,
      result.position);
}

std::vector<ReplicationBackfillResult> list_replication_backfill_results(
    sql::Txn& txn, std::int64_t backfill, std::optional<BackfillResultStatus> status,
    std::int64_t after, std::int64_t limit) {
  if (!status) {
    static constexpr auto kAll = "SELECT " + kBackfillResultColumns +
                                 " FROM replication_backfill_results WHERE backfill = ? "
                                 "AND position > ? ORDER BY position LIMIT ?";
    return sql::all_rows(txn.query(kAll, backfill, after, limit), read_backfill_result);
  }
  static constexpr auto kOfStatus = "SELECT " + kBackfillResultColumns +
                                    " FROM replication_backfill_results WHERE backfill = ? "
                                    "AND status = ? AND position > ? ORDER BY position LIMIT ?";
  return sql::all_rows(txn.query(kOfStatus, backfill, word_of(*status), after, limit),
                       read_backfill_result);
}

// A backfill of a large registry has many results: they go in steps, so that no other writer waits
// for all of them.
std::int64_t delete_replication_backfill_results(sql::Txn& txn, std::int64_t backfill,
                                                 std::int64_t most) {
  return txn.exec(
      R"(DELETE FROM replication_backfill_results
         WHERE backfill = ? AND position < ? + (
           SELECT position FROM replication_backfill_results
           WHERE backfill = ? ORDER BY position LIMIT 1))",
      backfill, most, backfill);
}

}  // namespace ecr::storage
