#include "schemas/base/xz.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "schemas/base/encoding.h"

namespace ecr::base {
namespace {

// "one\n" and "two\n", as `xz` packs them.
const std::string kOne = *from_hex(
    "fd377a585a0000016922de360200210100000000372797d60100036f6e650a009fa817f8000118046be9f0a59042"
    "990d010000000001595a");
const std::string kTwo = *from_hex(
    "fd377a585a0000016922de360200210100000000372797d601000374776f0a0074081796000118046be9f0a59042"
    "990d010000000001595a");

TEST(Xz, UnpacksOneStreamAfterTheOther) {
  const std::string both = kOne + kTwo;
  std::string_view rest = both;
  EXPECT_EQ(unpack_xz(rest), "one\n");
  EXPECT_EQ(rest, kTwo);
  EXPECT_EQ(unpack_xz(rest), "two\n");
  EXPECT_EQ(rest, "");
}

TEST(Xz, RefusesWhatIsDamaged) {
  for (std::size_t at = 0; at < kOne.size(); ++at) {
    std::string damaged = kOne;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::string_view packed = damaged;
    EXPECT_THROW(unpack_xz(packed), std::runtime_error) << at;
    std::string_view cut = std::string_view(kOne).substr(0, at);
    EXPECT_THROW(unpack_xz(cut), std::runtime_error) << at;
  }
}

}  // namespace
}  // namespace ecr::base
