// The built pages of the console (web/console/dist), which are linked into the program as they are:
// compressed. Immutable; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::api::admin::console {

struct ConsoleFile {
  std::string path;  // "index.html", or a name with a hash of the content
  std::string type;  // Content-Type
  bool immutable = false;
  std::string sha256;      // of the unpacked file, in hex
  std::string_view bytes;  // gzip; lives as long as the program
};

// The files of the program; empty: it was built without them.
std::vector<ConsoleFile> console_files();

// The files that a manifest lists: {"files": [{"path", "file", "type", "cache": "no-cache" or
// "immutable", "sha256"}]}. `bytes_of` gives the bytes of a file; no file may be without. Throws
// std::runtime_error where the manifest is not as it has to be.
std::vector<ConsoleFile> read_manifest(
    std::string_view manifest, const std::function<std::string_view(std::string_view)>& bytes_of);

// The unpacked bytes of a gzip file. Throws std::runtime_error where they are none.
std::string unpack_gzip(std::string_view bytes);

}  // namespace ecr::api::admin::console
