#include "schemas/base/xz.h"

#include <cstdint>
#include <lzma.h>
#include <memory>
#include <stdexcept>

namespace ecr::base {
namespace {

constexpr std::uint64_t kMostMemory = std::uint64_t{8} << 20;
constexpr std::size_t kStep = std::size_t{64} << 10;  // by which the result grows

}  // namespace

std::string unpack_xz(std::string_view& packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) {
    throw std::runtime_error("xz cannot be set up");
  }
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> end(&stream, lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  std::string unpacked;
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK) {
    const std::size_t size = unpacked.size();
    unpacked.resize(size + kStep);
    stream.next_out = reinterpret_cast<std::uint8_t*>(unpacked.data()) + size;
    stream.avail_out = kStep;
    result = lzma_code(&stream, LZMA_FINISH);
    unpacked.resize(size + kStep - stream.avail_out);
  }
  if (result != LZMA_STREAM_END) throw std::runtime_error("packed data is damaged");
  packed.remove_prefix(packed.size() - stream.avail_in);
  return unpacked;
}

}  // namespace ecr::base
