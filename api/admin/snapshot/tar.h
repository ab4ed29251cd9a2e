// The part of the tar format (POSIX.1-2017, pax, "ustar Interchange Format") that a snapshot needs:
// plain files of any size, one after the other. Pure.
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
// The zeros that follow a file's bytes, up to a whole block.
std::string tar_padding(std::uint64_t size);
// The two blocks of zeros that follow the last file.
std::string tar_end();

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
  bool file = true;  // false: a directory, a link, an extended header, ...
};
// Reads a header block that is not all zeros; nullopt: the checksum or a number in it is wrong.
std::optional<TarEntry> parse_tar_header(std::string_view block);
bool is_tar_end(std::string_view block);  // all zeros

}  // namespace ecr::api::admin
