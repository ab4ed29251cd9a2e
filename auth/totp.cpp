#include "auth/totp.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "schemas/base/openssl.h"

namespace ecr::auth {
namespace {

constexpr std::chrono::seconds kTotpStep{30};
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

std::int64_t totp_step(base::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()) / kTotpStep;
}

std::string totp_code(std::string_view key, std::int64_t step, int digits) {
  std::array<unsigned char, 8> counter;
  for (std::size_t i = 0; i < counter.size(); ++i) {
    counter[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * (7 - i)));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  base::openssl::require(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), counter.data(),
                              counter.size(), mac.data(), &size),
                         "HMAC-SHA-1");
  // RFC 4226, "Generating an HOTP Value": the last four bits say where the 31 bits begin.
  const std::size_t at = mac[size - 1] & 0x0F;
  const std::uint32_t bits = (std::uint32_t{mac[at]} & 0x7F) << 24 |
                             std::uint32_t{mac[at + 1]} << 16 | std::uint32_t{mac[at + 2]} << 8 |
                             std::uint32_t{mac[at + 3]};
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  std::string code = std::to_string(bits % modulus);
  code.insert(0, static_cast<std::size_t>(digits) - code.size(), '0');
  return code;
}

std::string base32_encode(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 5; held -= 5) text += kBase32[bits >> (held - 5) & 0x1F];
  }
  return text;
}

std::optional<std::string> base32_decode(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char letter : text) {
    const std::size_t value = kBase32.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 5 | static_cast<std::uint32_t>(value);
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFF);
  }
  return bytes;
}

}  // namespace ecr::auth
