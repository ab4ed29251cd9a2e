#include "storage/rows/signings.h"

namespace ecr::storage {

void put_image_signing(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                       const ImageSigning& signing) {
  txn.exec(
      R"(INSERT INTO image_signings
           (repository, digest, profile, status, failure_code, failure_reason)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, digest, profile)
           DO UPDATE SET status = excluded.status, failure_code = excluded.failure_code,
                         failure_reason = excluded.failure_reason)",
      repository, digest, signing.profile, signing.status, signing.failure_code,
      signing.failure_reason);
}

std::vector<ImageSigning> image_signings(sql::Txn& txn, std::int64_t repository,
                                         std::string_view digest) {
  std::vector<ImageSigning> signings;
  for (auto row = txn.query(
           R"(SELECT profile, status, failure_code, failure_reason FROM image_signings
              WHERE repository = ? AND digest = ? ORDER BY profile)",
           repository, digest);
       row.next();) {
    signings.push_back({row.string(0), row.string(1), row.string(2), row.string(3)});
  }
  return signings;
}

std::optional<SigningKey> signing_key(sql::Txn& txn) {
  auto row = txn.query("SELECT private_key, certificate FROM signing_key WHERE id = 1");
  return row.next() ? std::optional(SigningKey{row.string(0), row.string(1)}) : std::nullopt;
}

void insert_signing_key(sql::Txn& txn, const SigningKey& key) {
  txn.exec("INSERT INTO signing_key (id, private_key, certificate) VALUES (1, ?, ?)",
           key.private_key, key.certificate);
}

}  // namespace ecr::storage
