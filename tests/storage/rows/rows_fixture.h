// A database with one write transaction, never committed, for tests of the functions on rows.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "storage/rows/images.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {

class RowsTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::unique_ptr<sql::Database> database_ =
      sql::Database::open(directory_ / "test.db", {.sync = false});
  sql::Txn txn_ = database_->begin(sql::Access::kWrite);
};

inline Image image_of(std::string_view manifest) {
  Image image;
  image.digest = model::Digest::of(manifest).text();
  image.media_type = "application/vnd.oci.image.manifest.v1+json";
  image.pushed_at = at(1);
  return image;
}

}  // namespace ecr::storage::test
