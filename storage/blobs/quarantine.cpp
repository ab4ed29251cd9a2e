#include "storage/blobs/quarantine.h"

#include <algorithm>
#include <fcntl.h>

#include "storage/os/error.h"

namespace ecr::storage {
namespace {

constexpr const char* kDirectory = "quarantine";

std::string file_name(std::string_view digest, std::string_view kind) {
  std::string name(digest);
  // The rows of a damaged database may hold anything: their text must not become a path.
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ':' || c == '/' || c == '\0'; }, '-');
  // Linux allows file names of 255 bytes; the kind and the dot need their share (test
  // QuarantineDirectory.KeepsFilesOfAnyNameInside).
  return name.substr(0, 200) + '.' + std::string(kind);
}

}  // namespace

// Made at the first use, so that a repair which finds nothing leaves no empty directory.
int Quarantine::directory() {
  if (!directory_) {
    const Fd parent = open_directory(AT_FDCWD, data_directory_.c_str(), data_directory_);
    if (make_directory(parent.get(), kDirectory, kDirectory)) {
      sync_directory(parent.get(), data_directory_);
    }
    directory_ = open_directory(parent.get(), kDirectory, kDirectory);
  }
  return directory_.get();
}

// O_TRUNC: a repair that was interrupted may have left half a copy under the same name.
Fd Quarantine::create(const std::string& name) {
  return open_file(directory(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, name);
}

// A copy, not a rename: the repair may be interrupted before the row is gone, and then the file
// must still be there.
std::string Quarantine::keep(const model::Digest& digest, const BlobFile& file) {
  const std::string name = file_name(digest.text(), "blob");
  const Fd copy = create(name);
  std::uint64_t size = 0;
  try {
    read_all(
        file.fd(),
        [&](std::string_view bytes) {
          write_all(copy.get(), bytes, size, name);
          size += bytes.size();
        },
        "blob " + digest.text());
  } catch (const StorageError& error) {
    // A bad sector ends the copy: the bytes before it are kept. A full disk ends the repair.
    if (error.kind() != StorageError::Kind::kIo) throw;
  }
  sync_data(copy.get(), name);
  sync_directory(directory(), kDirectory);
  return std::string(kDirectory) + '/' + name;
}

std::string Quarantine::keep(std::string_view digest, std::string_view kind,
                             std::string_view bytes) {
  const std::string name = file_name(digest, kind);
  const Fd copy = create(name);
  write_all(copy.get(), bytes, 0, name);
  sync_data(copy.get(), name);
  sync_directory(directory(), kDirectory);
  return std::string(kDirectory) + '/' + name;
}

// At the end of the file, so that the report of an earlier repair stays. Each line is synced, so
// that the report is complete also where the machine stops in the middle.
void Quarantine::append_report(const std::string& line) {
  const Fd file = open_file(directory(), "report.txt", O_WRONLY | O_CREAT, "report.txt");
  write_all(file.get(), line + '\n', file_state(file.get(), "report.txt").size, "report.txt");
  sync_data(file.get(), "report.txt");
}

}  // namespace ecr::storage
