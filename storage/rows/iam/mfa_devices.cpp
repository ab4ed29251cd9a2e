#include "storage/rows/iam/mfa_devices.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr sql::Literal kMfaColumns(
    "id, serial, account, seed, created_at, entity, enabled_at, drift, last_step");

MfaDevice read_mfa_device(const sql::Rows& row) {
  return {.id = row.integer(0),
          .serial = row.string(1),
          .account = row.string(2),
          .seed = row.string(3),
          .created_at = from_column(row.integer(4)),
          .entity = row.optional_integer(5),
          .enabled_at = from_column(row.optional_integer(6)),
          .drift = row.integer(7),
          .last_step = row.integer(8)};
}

}  // namespace

std::optional<std::int64_t> insert_mfa_device(sql::Txn& txn, const MfaDevice& device) {
  const auto inserted = txn.exec(
      R"(INSERT INTO mfa_devices (serial, account, seed, created_at, drift, last_step)
         VALUES (?, ?, ?, ?, 0, 0)
         ON CONFLICT (serial) DO NOTHING)",
      device.serial, device.account, device.seed, to_column(device.created_at));
  return inserted == 0 ? std::nullopt : std::optional(txn.last_insert_id());
}

std::optional<MfaDevice> find_mfa_device(sql::Txn& txn, std::string_view serial) {
  static constexpr auto kSql = "SELECT " + kMfaColumns + " FROM mfa_devices WHERE serial = ?";
  return sql::first_row(txn.query(kSql, serial), read_mfa_device);
}

std::vector<MfaDevice> mfa_devices_of_account(sql::Txn& txn, std::string_view account) {
  static constexpr auto kSql =
      "SELECT " + kMfaColumns + " FROM mfa_devices WHERE account = ? ORDER BY serial";
  return sql::all_rows(txn.query(kSql, account), read_mfa_device);
}

std::vector<MfaDevice> mfa_devices_of_user(sql::Txn& txn, std::int64_t entity) {
  static constexpr auto kSql =
      "SELECT " + kMfaColumns + " FROM mfa_devices WHERE entity = ? ORDER BY serial";
  return sql::all_rows(txn.query(kSql, entity), read_mfa_device);
}

void update_mfa_device(sql::Txn& txn, const MfaDevice& device) {
  txn.exec(
      "UPDATE mfa_devices SET entity = ?, enabled_at = ?, drift = ?, last_step = ? WHERE id = ?",
      device.entity, to_column(device.enabled_at), device.drift, device.last_step, device.id);
}

void delete_mfa_device(sql::Txn& txn, std::int64_t id) {
  txn.exec("DELETE FROM mfa_devices WHERE id = ?", id);
}

}  // namespace ecr::storage
