// Texts that the server gave out and that come back: the password of `docker login` and nextToken.
// Taken as a token, as what a valid token would hold, and as what is sealed into one.
#include <algorithm>
#include <memory>
#include <string>

#include <openssl/evp.h>

#include "api/core/wire/page_token.h"
#include "auth/registry_token.h"
#include "schemas/base/encoding.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::auth;
using ecr::fuzz::require;

class CountingRandom : public ecr::base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

RegistryTokenCodec::Key key() {
  RegistryTokenCodec::Key key;
  key.fill(7);
  return key;
}

// The token whose plain text is `plain`, by the format that registry_token.h documents: the fuzzer
// cannot find the tag by itself.
std::string seal(std::string_view plain) {
  constexpr std::size_t kNonce = 12;
  constexpr std::size_t kTag = 16;
  std::string sealed(1 + kNonce + plain.size() + kTag, '\0');
  sealed[0] = 1;
  auto* const bytes = reinterpret_cast<unsigned char*>(sealed.data());  // NOLINT: OpenSSL's bytes
  const auto secret = key();
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0;
  bool good =
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, secret.data(), bytes + 1) == 1;
  good = good && EVP_EncryptUpdate(context.get(), nullptr, &written, bytes, 1) == 1;
  good = good &&
         EVP_EncryptUpdate(context.get(), bytes + 1 + kNonce, &written,
                           ecr::base::as_bytes(plain).data(), static_cast<int>(plain.size())) == 1;
  int rest = 0;
  good = good && EVP_EncryptFinal_ex(context.get(), bytes + 1 + kNonce + written, &rest) == 1;
  good = good && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag,
                                     bytes + 1 + kNonce + plain.size()) == 1;
  require(good, "OpenSSL encrypts");
  return ecr::base::base64url_encode(sealed);
}

void check_opened(const RegistryTokenCodec& codec, const std::string& token) {
  const auto now = ecr::base::parse_basic("20260101T000000Z").value();
  const auto claims = codec.open(token, now);
  if (!claims) return;
  require(claims->expires > now, "an expired token opens nothing");
  require(claims->expires - claims->issued <= std::chrono::hours(12), "a token lives 12 hours");
  require(codec.open(codec.seal(*claims), now) == *claims, "claims there and back");
  std::string altered = token;
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  require(!codec.open(altered, now), "an altered token opens nothing");
}

void check_page_token(std::string_view text) {
  using namespace ecr::api;
  PageKey page_key;
  page_key.fill(9);
  static_cast<void>(read_page_token(page_key, "list", text));
  if (!ecr::base::is_valid_utf8(text) || text.size() > 4096) return;
  const std::vector<std::string> position = {std::string(text), "x"};
  const std::string token = make_page_token(page_key, "list", position);
  require(read_page_token(page_key, "list", token) == position, "a position there and back");
  require(!read_page_token(page_key, "other", token), "a token belongs to its listing");
}

}  // namespace

ECR_FUZZ_TARGET(token) {
  const std::string_view text = ecr::fuzz::as_text(data, size);
  CountingRandom random;
  const RegistryTokenCodec codec(key(), random);
  check_opened(codec, std::string(text));
  check_opened(codec, seal(text));
  check_page_token(text);
  return 0;
}
