// Shared by the fuzz targets. A target is a function of bytes that ends the process where a claim
// does not hold; the same function is run by libFuzzer (scripts/fuzz) and, over the committed
// corpus, by the unit tests (tests/fuzz_replay). Targets keep no state between inputs but
// constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ecr::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};  // NOLINT: bytes as characters
}

inline void require(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

// The text up to the next `separator`, which is taken away from `text`; all of it where there is
// none.
inline std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

}  // namespace ecr::fuzz

// Opens the definition of fuzz_<name>(); in the fuzzer's own build it is libFuzzer's entry as well.
#ifdef ECR_FUZZ_ENTRY
#define ECR_FUZZ_TARGET(name)                                                         \
  int fuzz_##name(const std::uint8_t* data, std::size_t size);                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    return fuzz_##name(data, size);                                                   \
  }                                                                                   \
  int fuzz_##name(const std::uint8_t* data, std::size_t size)
#else
#define ECR_FUZZ_TARGET(name)                                  \
  int fuzz_##name(const std::uint8_t* data, std::size_t size); \
  int fuzz_##name(const std::uint8_t* data, std::size_t size)
#endif
