#include "api/core/unique_id.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kPrefixLength = 4;
constexpr std::size_t kEncoded = 16;  // characters: 80 bits
constexpr std::uint64_t kMaxAccount = 999'999'999'999;

// The first 48 bits: a one, 40 bits of account, 7 random ones. AWS has not published the layout; it
// is the one that public decoders of access key ids read, and that GetAccessKeyInfo of these ids
// relies on.
constexpr std::uint64_t kAlwaysSet = std::uint64_t{1} << 47;
constexpr int kAccountShift = 7;
constexpr std::uint64_t kAccountMask = (std::uint64_t{1} << 40) - 1;

std::string to_base32(const std::array<std::uint8_t, 10>& bytes) {
  std::string text;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kBase32[(buffer >> bits) & 31];
    }
  }
  return text;
}

}  // namespace

std::string make_unique_id(base::Random& random, std::string_view prefix,
                           std::string_view account) {
  std::uint64_t number = 0;
  std::from_chars(account.data(), account.data() + account.size(), number);
  std::array<std::uint8_t, 11> chance{};
  random.fill(chance);
  const std::uint64_t head = kAlwaysSet | (number << kAccountShift) | (chance[0] & 127);
  std::array<std::uint8_t, 10> bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(head >> (8 * (5 - i)));
  }
  for (std::size_t i = 6; i < bytes.size(); ++i) bytes[i] = chance[i];
  std::string id = std::string(prefix) + to_base32(bytes);
  // Access key ids have 20 characters, all other ids 21.
  if (prefix != kAccessKeyId && prefix != kSessionKeyId) id += kBase32[chance[1] & 31];
  return id;
}

std::optional<std::string> account_in_id(std::string_view id) {
  if (id.size() < kPrefixLength + kEncoded || id.size() > kPrefixLength + kEncoded + 1)
    return std::nullopt;
  std::uint64_t head = 0;  // the first 50 bits
  for (std::size_t i = 0; i < 10; ++i) {
    const std::size_t value = kBase32.find(id[kPrefixLength + i]);
    if (value == std::string_view::npos) return std::nullopt;
    head = (head << 5) | value;
  }
  head >>= 2;
  const std::uint64_t account = (head >> kAccountShift) & kAccountMask;
  if ((head & kAlwaysSet) == 0 || account > kMaxAccount) return std::nullopt;
  return base::format("{:012}", account);
}

std::string make_secret_key(base::Random& random) {
  std::array<std::uint8_t, 30> bytes{};
  random.fill(bytes);
  return base::base64_encode(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace ecr::api
