// The directory <data directory>/quarantine: the bytes of blobs and manifests that repair.h
// removed, and a report. One thread at a time. Throws StorageError.
#pragma once

#include <string>
#include <string_view>

#include "storage/blobs/blob_store.h"
#include "storage/os/posix.h"

namespace ecr::storage {

class Quarantine {
 public:
  // Makes no directory before something is kept in it.
  explicit Quarantine(std::string data_directory) : data_directory_(std::move(data_directory)) {}

  // Durable copies, under the name returned: "quarantine/<digest, ':' as '-'>.<kind>". Replaces an
  // earlier copy of that name.
  std::string keep(const model::Digest& digest, const BlobFile& file);
  std::string keep(std::string_view digest, std::string_view kind, std::string_view bytes);
  // Appends a line to report.txt.
  void append_report(const std::string& line);

 private:
  int directory();
  Fd create(const std::string& name);

  std::string data_directory_;
  Fd directory_;
};

}  // namespace ecr::storage
