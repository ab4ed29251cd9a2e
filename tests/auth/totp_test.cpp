#include "auth/totp.h"

#include <gtest/gtest.h>

namespace ecr::auth {
namespace {

constexpr std::string_view kRfcKey = "12345678901234567890";

// RFC 4226, appendix D.
TEST(Totp, HasTheCodesOfRfc4226) {
  const char* expected[] = {"755224", "287082", "359152", "969429", "338314",
                            "254676", "287922", "162583", "399871", "520489"};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(totp_code(kRfcKey, i), expected[i]);
}

// RFC 6238, appendix B, the rows of SHA-1.
TEST(Totp, HasTheCodesOfRfc6238) {
  const std::pair<std::int64_t, const char*> rows[] = {
      {59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
      {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [seconds, code] : rows) {
    const base::TimePoint time{std::chrono::seconds(seconds)};
    EXPECT_EQ(totp_code(kRfcKey, totp_step(time), 8), code);
  }
}

// RFC 4648, section 10, those without padding.
TEST(Totp, WritesSeedsInBase32) {
  EXPECT_EQ(base32_encode("fooba"), "MZXW6YTB");
  EXPECT_EQ(base32_decode("MZXW6YTB"), "fooba");
  EXPECT_EQ(base32_decode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), std::string(kRfcKey));
  EXPECT_EQ(base32_decode("MZXW1YTB"), std::nullopt);
}

}  // namespace
}  // namespace ecr::auth
