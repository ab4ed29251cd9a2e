#include "auth/registry_token.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "schemas/base/encoding.h"

namespace ecr::auth {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class CountingRandom : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

class RegistryToken : public ::testing::Test {
 protected:
  static RegistryTokenCodec::Key key(std::uint8_t byte) {
    RegistryTokenCodec::Key key;
    key.fill(byte);
    return key;
  }

  CountingRandom random_;
  RegistryTokenCodec codec_{key(7), random_};
  base::TimePoint issued_ = base::parse_basic("20260101T000000Z").value() + milliseconds(123);
  RegistryTokenClaims claims_{"ASIAEXAMPLE", "123456789012", "us-east-1", issued_,
                              issued_ + hours(12)};
};

TEST_F(RegistryToken, RoundTrip) {
  EXPECT_EQ(codec_.open(codec_.seal(claims_), issued_), claims_);
  claims_.access_key_id = std::string(255, 'k');
  claims_.region.clear();
  EXPECT_EQ(codec_.open(codec_.seal(claims_), issued_), claims_);
}

TEST_F(RegistryToken, IsSafeInBasicAuthentication) {
  for (int i = 0; i < 50; ++i) {
    const std::string token = codec_.seal(claims_);
    EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_';
    })) << token;
  }
}

TEST_F(RegistryToken, NoTwoAreAlike) {
  std::set<std::string> tokens;
  for (int i = 0; i < 20; ++i) tokens.insert(codec_.seal(claims_));
  EXPECT_EQ(tokens.size(), 20u);
}

TEST_F(RegistryToken, ShowsNothingOfItsClaims) {
  const std::string bytes = base::base64url_decode(codec_.seal(claims_)).value();
  EXPECT_EQ(bytes.find("123456789012"), std::string::npos);
  EXPECT_EQ(bytes.find("us-east"), std::string::npos);
}

TEST_F(RegistryToken, ExpiresOnTime) {
  const std::string token = codec_.seal(claims_);
  EXPECT_TRUE(codec_.open(token, claims_.expires - milliseconds(1)).has_value());
  EXPECT_EQ(codec_.open(token, claims_.expires), tl::unexpected(TokenError::kExpired));
}

TEST_F(RegistryToken, EveryFlippedBitIsRejected) {
  const std::string bytes = base::base64url_decode(codec_.seal(claims_)).value();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(codec_.open(base::base64url_encode(changed), issued_),
              tl::unexpected(TokenError::kMalformed))
        << bit;
  }
}

TEST_F(RegistryToken, EveryOtherCharacterIsRejected) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/:";
  for (std::size_t more = 0; more < 3; ++more) {  // all three lengths modulo 3
    claims_.access_key_id += 'x';
    const std::string token = codec_.seal(claims_);
    for (const std::size_t at : {std::size_t{0}, token.size() / 2, token.size() - 1}) {
      for (const char c : kAlphabet) {
        std::string changed = token;
        changed[at] = c;
        if (changed == token) continue;
        EXPECT_FALSE(codec_.open(changed, issued_).has_value()) << at << c;
      }
    }
  }
}

TEST_F(RegistryToken, TruncatedOrExtendedIsRejected) {
  const std::string token = codec_.seal(claims_);
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_EQ(codec_.open(token.substr(0, size), issued_), tl::unexpected(TokenError::kMalformed));
  }
  for (const char* more : {"A", "AAAA", "=", "\n", " "}) {
    EXPECT_EQ(codec_.open(token + more, issued_), tl::unexpected(TokenError::kMalformed));
  }
}

TEST_F(RegistryToken, GarbageIsRejected) {
  for (const std::string& garbage :
       {std::string("AQ"), std::string("not a token"), std::string(40, 'A'),
        std::string(1 << 20, 'A'), std::string("\0\xff", 2)}) {
    EXPECT_EQ(codec_.open(garbage, issued_), tl::unexpected(TokenError::kMalformed));
  }
}

TEST_F(RegistryToken, AnotherKeyRejectsIt) {
  const RegistryTokenCodec other(key(8), random_);
  EXPECT_EQ(other.open(codec_.seal(claims_), issued_), tl::unexpected(TokenError::kMalformed));
  const RegistryTokenCodec same(key(7), random_);
  EXPECT_EQ(same.open(codec_.seal(claims_), issued_), claims_);
}

TEST_F(RegistryToken, LivesTwelveHoursAtMost) {
  claims_.expires = issued_ + hours(12) + milliseconds(1);
  EXPECT_THROW(codec_.seal(claims_), std::invalid_argument);
  claims_.expires = issued_;
  EXPECT_THROW(codec_.seal(claims_), std::invalid_argument);
  RegistryTokenClaims endless = claims_;
  endless.issued = base::TimePoint::min();
  endless.expires = base::TimePoint::max();
  EXPECT_THROW(codec_.seal(endless), std::invalid_argument);
  claims_.expires = issued_ + minutes(1);
  EXPECT_EQ(codec_.open(codec_.seal(claims_), issued_), claims_);
}

// Rightly encrypted, by the format that registry_token.cpp documents.
std::string encrypt(const RegistryTokenCodec::Key& key, const std::string& plain) {
  std::string out(1 + 12 + plain.size() + 16, '\1');
  auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  int n = 0;
  EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), bytes + 1);
  EVP_EncryptUpdate(context, nullptr, &n, bytes, 1);
  EVP_EncryptUpdate(context, bytes + 13, &n, base::as_bytes(plain).data(),
                    static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context, bytes + 13 + n, &n);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, bytes + 13 + plain.size());
  EVP_CIPHER_CTX_free(context);
  return base::base64url_encode(out);
}

TEST_F(RegistryToken, OpenChecksWhatAHolderOfTheKeyWroteToo) {
  const auto plain = [](std::uint64_t lifetime_ms) {
    std::string text("\1k\1a\1r\0\0\0\0\0\0\0\0", 14);
    for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(lifetime_ms >> shift);
    return text;
  };
  const base::TimePoint epoch;
  const auto open = [&](const std::string& text) {
    return codec_.open(encrypt(key(7), text), epoch);
  };
  const std::uint64_t half_a_day = 12 * 3600 * 1000;
  const RegistryTokenClaims expected{"k", "a", "r", epoch, epoch + hours(12)};
  EXPECT_EQ(open(plain(half_a_day)), expected);
  for (const std::string& bad :
       {plain(half_a_day + 1), plain(0), plain(half_a_day) + "x", plain(1).substr(0, 21),
        plain(1).substr(0, 5), std::string("\377k"), std::string()}) {
    EXPECT_EQ(open(bad), tl::unexpected(TokenError::kMalformed));
  }
}

TEST_F(RegistryToken, TooLongAClaimIsAnError) {
  claims_.access_key_id = std::string(256, 'k');
  EXPECT_THROW(codec_.seal(claims_), std::length_error);
}

}  // namespace
}  // namespace ecr::auth
