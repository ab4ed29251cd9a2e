#include "api/pull_through/address_guard.h"

#include <algorithm>
#include <array>

namespace ecr::api::pull_through {
namespace {

struct Block4 {
  std::uint32_t address;
  int bits;
};

constexpr std::uint32_t ip4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA IPv4 Special-Purpose Address Registry: what is not globally reachable, and multicast.
constexpr Block4 kSpecial4[] = {
    {ip4(0, 0, 0, 0), 8},        // "this network"
    {ip4(10, 0, 0, 0), 8},       // private
    {ip4(100, 64, 0, 0), 10},    // shared
    {ip4(127, 0, 0, 0), 8},      // loopback
    {ip4(169, 254, 0, 0), 16},   // link-local: metadata services
    {ip4(172, 16, 0, 0), 12},    // private
    {ip4(192, 0, 0, 0), 24},     // protocol assignments
    {ip4(192, 0, 2, 0), 24},     // documentation
    {ip4(192, 88, 99, 0), 24},   // 6to4 relays
    {ip4(192, 168, 0, 0), 16},   // private
    {ip4(198, 18, 0, 0), 15},    // benchmarking
    {ip4(198, 51, 100, 0), 24},  // documentation
    {ip4(203, 0, 113, 0), 24},   // documentation
    {ip4(224, 0, 0, 0), 4},      // multicast
    {ip4(240, 0, 0, 0), 4},      // reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), [address](const Block4& block) {
    return (address ^ block.address) >> (32 - block.bits) == 0;
  });
}

using Bytes = std::span<const std::uint8_t>;

std::uint32_t word(Bytes bytes, std::size_t at) {
  return ip4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool begins(Bytes bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public6(Bytes bytes) {
  // 2000::/3 is what is global; NAT64 alone is besides.
  if (begins(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_public4(word(bytes, 12));
  }
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (begins(bytes, {0x20, 0x01, 0x0d, 0xb8})) return false;  // documentation
  if (begins(bytes, {0x3f, 0xff}) && bytes[2] < 0x10) return false;
  if (begins(bytes, {0x20, 0x02})) return is_public4(word(bytes, 2));  // 6to4
  // 2001::/23: Teredo, ORCHID and other protocol assignments.
  return !(begins(bytes, {0x20, 0x01}) && bytes[2] < 0x02);
}

}  // namespace

bool is_public_address(Bytes address) {
  if (address.size() == 4) return is_public4(word(address, 0));
  return address.size() == 16 && is_public6(address);
}

}  // namespace ecr::api::pull_through
