// The tar format (POSIX ustar), as far as a snapshot needs it: plain files, one after the other,
// of any size. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ecr::api::admin {

inline constexpr std::size_t kTarBlock = 512;

// The header of a file. REQUIRES: a name of at most 99 bytes, or at most 99 behind its last '/' and
// 154 before it.
std::string tar_header(std::string_view name, std::uint64_t size);
// What follows a file's bytes.
std::string tar_padding(std::uint64_t size);
// What follows the last file.
std::string tar_end();

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
  bool file = true;  // false: a directory, a link, an extended header, ...
};
// Of a header block that is not all zeros; nullopt: it is none (checksum, numbers).
std::optional<TarEntry> parse_tar_header(std::string_view block);
bool is_tar_end(std::string_view block);  // all zeros

}  // namespace ecr::api::admin
