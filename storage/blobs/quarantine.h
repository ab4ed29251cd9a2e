// The directory <data directory>/quarantine: bytes that were taken out of service, and a report.
// One thread. Throws StorageError.
#pragma once

#include <string>
#include <string_view>

#include "storage/blobs/blob_store.h"
#include "storage/os/posix.h"

namespace ecr::storage {

class Quarantine {
 public:
  // Makes the directory with the first thing that is kept in it.
  explicit Quarantine(std::string data_directory) : data_directory_(std::move(data_directory)) {}

  // Durable copies, under the name returned: "quarantine/<digest, ':' as '-'>.<kind>". What was
  // kept under that name before is replaced.
  std::string keep(const model::Digest& digest, const BlobFile& file);
  std::string keep(std::string_view digest, std::string_view kind, std::string_view bytes);
  // Appends a line to report.txt.
  void note(const std::string& line);

 private:
  int directory();
  Fd create(const std::string& name);

  std::string data_directory_;
  Fd directory_;
};

}  // namespace ecr::storage
