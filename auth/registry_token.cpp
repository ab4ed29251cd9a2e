#include "auth/registry_token.h"

#include <chrono>
#include <memory>
#include <span>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "schemas/base/encoding.h"

namespace ecr::auth {
namespace {

// The encrypted text: three strings (access key id, account, region), each one length byte and its
// bytes; then the times of issue and expiry, milliseconds since the epoch as 8 bytes, big-endian.
// The version byte in front of the nonce is authenticated with it. A change of this layout needs a
// new version, because tokens live for 12 hours.
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kOverhead = 1 + kNonceSize + kTagSize;
// A token of the longest claims has about 1,100 characters. Longer ones are refused before any
// decoding.
constexpr std::size_t kMaxTokenSize = 2048;
constexpr std::chrono::hours kMaxLifetime{12};  // GetAuthorizationToken's, to which nothing may add

struct ContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter>;

Context new_context() {
  Context context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  return context;
}

// The cipher is fetched once, because a fetch costs more than the encryption. It is never freed and
// serves until exit.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (fetched == nullptr) throw std::runtime_error("OpenSSL has no AES-256-GCM");
  return fetched;
}

void require_cipher(int result) {
  if (result != 1) throw std::runtime_error("AES-256-GCM failed");
}

const std::uint8_t* token_bytes(std::string_view text) { return base::as_bytes(text).data(); }
std::uint8_t* token_bytes(std::string& text) {
  return reinterpret_cast<std::uint8_t*>(text.data());  // NOLINT: OpenSSL's bytes are unsigned
}

// A claim that is too long is a fault of the program: access key ids, accounts and regions are
// short (test: TooLongAClaimIsAnError).
void append_text(std::string& out, std::string_view text) {
  if (text.size() > 255) throw std::length_error("registry token: a claim over 255 bytes");
  out.push_back(static_cast<char>(text.size()));
  out.append(text);
}

void append_time(std::string& out, base::TimePoint time) {
  const auto value = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::optional<std::string> take_text(std::string_view& in) {
  if (in.empty()) return std::nullopt;
  const auto size = static_cast<std::uint8_t>(in.front());
  if (in.size() - 1 < size) return std::nullopt;
  std::string text(in.substr(1, size));
  in.remove_prefix(1u + size);
  return text;
}

std::optional<base::TimePoint> take_time(std::string_view& in) {
  if (in.size() < 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : in.substr(0, 8)) value = value << 8 | static_cast<std::uint8_t>(c);
  in.remove_prefix(8);
  return base::TimePoint(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
}

// Checked when a token is sealed and again when it is opened: also a holder of the key cannot make
// a token that lives longer (test: OpenChecksWhatAHolderOfTheKeyWroteToo).
bool lifetime_allowed(base::TimePoint issued, base::TimePoint expires) {
  // The subtraction is unsigned: for two times that only a forger would choose, the signed
  // difference overflows.
  const auto lifetime = static_cast<std::uint64_t>(expires.time_since_epoch().count()) -
                        static_cast<std::uint64_t>(issued.time_since_epoch().count());
  constexpr std::chrono::milliseconds kLongest = kMaxLifetime;
  return issued < expires && lifetime <= static_cast<std::uint64_t>(kLongest.count());
}

std::optional<RegistryTokenClaims> decode(std::string_view plain) {
  const auto key = take_text(plain);
  const auto account = key ? take_text(plain) : std::nullopt;
  const auto region = account ? take_text(plain) : std::nullopt;
  const auto issued = region ? take_time(plain) : std::nullopt;
  const auto expires = issued ? take_time(plain) : std::nullopt;
  // Nothing may follow the last field.
  if (!expires || !plain.empty() || !lifetime_allowed(*issued, *expires)) return std::nullopt;
  return RegistryTokenClaims{*key, *account, *region, *issued, *expires};
}

// nullopt: the tag does not fit, and then nothing of the text is used. The version byte is
// authenticated as additional data, so a token cannot be passed off as one of another version.
std::optional<std::string> decrypt(const RegistryTokenCodec::Key& key, std::string_view sealed) {
  const std::string_view nonce = sealed.substr(1, kNonceSize);
  const std::string_view text = sealed.substr(1 + kNonceSize, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(text.size(), '\0');
  const Context context = new_context();
  int written = 0;
  require_cipher(
      EVP_DecryptInit_ex(context.get(), cipher(), nullptr, key.data(), token_bytes(nonce)));
  require_cipher(EVP_DecryptUpdate(context.get(), nullptr, &written, token_bytes(sealed), 1));
  require_cipher(EVP_DecryptUpdate(context.get(), token_bytes(plain), &written, token_bytes(text),
                                   static_cast<int>(text.size())));
  require_cipher(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()));
  int rest = 0;
  if (EVP_DecryptFinal_ex(context.get(), token_bytes(plain) + written, &rest) != 1)
    return std::nullopt;
  return plain;
}

}  // namespace

RegistryTokenCodec::RegistryTokenCodec(const Key& key, base::Random& random)
    : key_(key), random_(random) {}

RegistryTokenCodec::~RegistryTokenCodec() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::string RegistryTokenCodec::seal(const RegistryTokenClaims& claims) const {
  if (!lifetime_allowed(claims.issued, claims.expires)) {
    throw std::invalid_argument("registry token: a lifetime of at most 12 hours");
  }
  std::string plain;
  append_text(plain, claims.access_key_id);
  append_text(plain, claims.account);
  append_text(plain, claims.region);
  append_time(plain, claims.issued);
  append_time(plain, claims.expires);

  std::string sealed(kOverhead + plain.size(), '\0');
  sealed[0] = static_cast<char>(kVersion);
  std::uint8_t* const nonce = token_bytes(sealed) + 1;
  // A random nonce of 96 bits: NIST SP 800-38D section 8.3 allows 2^32 of them under one key, which
  // logins do not reach.
  random_.fill({nonce, kNonceSize});
  std::uint8_t* const text = nonce + kNonceSize;
  const Context context = new_context();
  int written = 0;
  require_cipher(EVP_EncryptInit_ex(context.get(), cipher(), nullptr, key_.data(), nonce));
  require_cipher(EVP_EncryptUpdate(context.get(), nullptr, &written, token_bytes(sealed), 1));
  require_cipher(EVP_EncryptUpdate(context.get(), text, &written, token_bytes(plain),
                                   static_cast<int>(plain.size())));
  int rest = 0;
  require_cipher(EVP_EncryptFinal_ex(context.get(), text + written, &rest));
  require_cipher(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, text + plain.size()));
  return base::base64url_encode(sealed);
}

tl::expected<RegistryTokenClaims, TokenError> RegistryTokenCodec::open(std::string_view token,
                                                                       base::TimePoint now) const {
  const tl::unexpected malformed(TokenError::kMalformed);
  if (token.size() > kMaxTokenSize) return malformed;
  const auto sealed = base::base64url_decode(token);
  if (!sealed || sealed->size() < kOverhead || (*sealed)[0] != static_cast<char>(kVersion)) {
    return malformed;
  }
  // Only one spelling of a token is a token. A decoder that ignored the spare bits of the last
  // character would accept several (test: EveryOtherCharacterIsRejected).
  if (base::base64url_encode(*sealed) != token) return malformed;
  const auto plain = decrypt(key_, *sealed);
  if (!plain) return malformed;
  auto claims = decode(*plain);
  if (!claims) return malformed;
  // Only a token that is known to be genuine is called expired. A token is no longer good at the
  // very time of its expiry (test: ExpiresOnTime).
  if (claims->expires <= now) return tl::unexpected(TokenError::kExpired);
  return std::move(*claims);
}

}  // namespace ecr::auth
