#include "api/admin/snapshot/tar.h"

#include <algorithm>

#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

// Fields of a header: offset and length.
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr Field kType{156, 1};
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};

void put(std::string& block, Field field, std::string_view value) {
  block.replace(field.at, value.size(), value);
}

std::string_view get(std::string_view block, Field field) {
  const std::string_view value = block.substr(field.at, field.size);
  return value.substr(0, value.find('\0'));
}

// The sum of all bytes, with the checksum's own field as blanks (ustar).
std::uint64_t checksum(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

// ustar has eleven octal digits, which is enough for 8 GiB. For larger files GNU tar, and bsdtar
// with it, writes base 256: the first byte is 0x80, the number is big-endian.
std::string size_field(std::uint64_t size) {
  if (size < (std::uint64_t{1} << 33)) return base::format("{:011o}", size);
  std::string field(kSize.size, '\0');
  field[0] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < 8; ++i) {
    field[kSize.size - 1 - i] = static_cast<char>(size >> (8 * i));
  }
  return field;
}

// Numbers may have blanks around them: different programs pad differently.
std::optional<std::uint64_t> octal(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view block) {
  if (static_cast<unsigned char>(block[kSize.at]) != 0x80) return octal(get(block, kSize));
  std::uint64_t value = 0;
  for (std::size_t i = 1; i < kSize.size; ++i) {
    const auto byte = static_cast<unsigned char>(block[kSize.at + i]);
    if (i < kSize.size - 8 && byte != 0) return std::nullopt;
    value = value << 8 | byte;
  }
  // So that size and padding together do not overflow.
  if (value > (std::uint64_t{1} << 62)) return std::nullopt;
  return value;
}

}  // namespace

std::string tar_header(std::string_view name, std::uint64_t size) {
  std::string block(kTarBlock, '\0');
  if (name.size() >= kName.size) {
    const std::size_t slash = name.rfind('/');
    put(block, kPrefix, name.substr(0, slash));
    name.remove_prefix(slash + 1);
  }
  put(block, kName, name);
  put(block, kMode, "0000600");
  // Owner, group and time are zero: the same state results in the same bytes.
  put(block, {108, 8}, "0000000");  // owner
  put(block, {116, 8}, "0000000");  // group
  put(block, kSize, size_field(size));
  put(block, kTime, "00000000000");
  put(block, kType, "0");
  put(block, kMagic, std::string_view("ustar\00000", 8));
  put(block, kChecksum, base::format("{:06o}", checksum(block)) + std::string("\0 ", 2));
  return block;
}

std::string tar_padding(std::uint64_t size) {
  return std::string((kTarBlock - size % kTarBlock) % kTarBlock, '\0');
}

std::string tar_end() { return std::string(2 * kTarBlock, '\0'); }

std::optional<TarEntry> parse_tar_header(std::string_view block) {
  if (block.size() != kTarBlock) return std::nullopt;
  if (octal(get(block, kChecksum)) != checksum(block)) return std::nullopt;
  const auto size = parse_size(block);
  if (!size) return std::nullopt;
  TarEntry entry;
  entry.name = get(block, kName);
  // Only ustar has a prefix; GNU tar's own format uses these bytes for other fields.
  const bool ustar = block.substr(kMagic.at, 5) == "ustar" && block[kMagic.at + 5] == '\0';
  if (const auto prefix = get(block, kPrefix); ustar && !prefix.empty()) {
    entry.name = std::string(prefix) + "/" + entry.name;
  }
  entry.size = *size;
  const char type = block[kType.at];
  entry.file = type == '0' || type == '\0';
  return entry;
}

bool is_tar_end(std::string_view block) {
  return std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
}

}  // namespace ecr::api::admin
