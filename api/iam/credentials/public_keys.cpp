#include "api/iam/credentials/public_keys.h"

#include <array>
#include <ctime>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"

namespace ecr::api::iam {
namespace {

namespace openssl = base::openssl;

constexpr int kLeastKeyBits = 2048;  // API Reference, "UploadSSHPublicKey"
constexpr std::string_view kSshRsa = "ssh-rsa";

[[noreturn]] void invalid_public_key() {  // the sentence is ours
  throw ApiError(ErrorCode::kInvalidPublicKey,
                 "The public key is not a valid RSA key of 2048 bits or more.");
}

[[noreturn]] void malformed(const char* what) {
  throw ApiError(ErrorCode::kMalformedCertificate, what);  // the sentences are ours
}

// The modulus and the exponent, big-endian, without leading zeros.
struct RsaNumbers {
  std::string modulus;
  std::string exponent;
};

// One "string" of RFC 4251, section 5: four bytes of length, and the bytes.
std::optional<std::string_view> take_field(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(rest[std::size_t(i)]);
  rest.remove_prefix(4);
  if (rest.size() < size) return std::nullopt;
  const std::string_view field = rest.substr(0, size);
  rest.remove_prefix(size);
  return field;
}

std::string without_zeros(std::string_view number) {
  const std::size_t first = number.find_first_not_of('\0');
  return first == number.npos ? std::string() : std::string(number.substr(first));
}

// RFC 4253, section 6.6: the name, e, n.
RsaNumbers read_ssh_numbers(const std::string& text) {
  std::string_view encoded = std::string_view(text).substr(kSshRsa.size() + 1);
  encoded = encoded.substr(0, encoded.find_first_of(" \t\r\n"));  // a comment may follow
  const auto bytes = base::base64_decode(encoded);
  if (!bytes) invalid_public_key();
  std::string_view rest = *bytes;
  const auto name = take_field(rest);
  const auto exponent = take_field(rest);
  const auto modulus = take_field(rest);
  if (name != kSshRsa || !exponent || !modulus || !rest.empty()) invalid_public_key();
  return {without_zeros(*modulus), without_zeros(*exponent)};
}

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) invalid_public_key();
  const openssl::Number owned(number);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

RsaNumbers read_pem_numbers(const std::string& text) {
  const openssl::PKey key(
      PEM_read_bio_PUBKEY(openssl::memory_of(text).get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) invalid_public_key();
  return {number_of(key.get(), OSSL_PKEY_PARAM_RSA_N), number_of(key.get(), OSSL_PKEY_PARAM_RSA_E)};
}

void add_field(std::string& bytes, std::string_view field) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(field.size() >> shift & 0xFF);
  }
  bytes += field;
}

// A leading zero keeps a number positive whose first bit is set.
std::string as_mpint(const std::string& number) {
  const bool negative = !number.empty() && (static_cast<unsigned char>(number[0]) & 0x80) != 0;
  return negative ? std::string(1, '\0') + number : number;
}

openssl::Number to_number(const std::string& bytes) {
  return openssl::Number(
      openssl::require(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size()), nullptr),
                       "a number"));
}

std::string to_pem(const RsaNumbers& numbers) {
  const auto modulus = to_number(numbers.modulus);
  const auto exponent = to_number(numbers.exponent);
  const openssl::ParamBuilder builder(openssl::require(OSSL_PARAM_BLD_new(), "a key"));
  openssl::require_ok(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()),
                      "a key");
  openssl::require_ok(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()),
                      "a key");
  const openssl::Params params(openssl::require(OSSL_PARAM_BLD_to_param(builder.get()), "a key"));
  const openssl::PKeyContext context(
      openssl::require(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "a key"));
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    invalid_public_key();
  }
  const openssl::PKey key(raw);
  const openssl::Memory memory(openssl::require(BIO_new(BIO_s_mem()), "memory"));
  openssl::require_ok(PEM_write_bio_PUBKEY(memory.get(), key.get()), "encoding a key");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string digest_of(std::string_view bytes, const char* name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  std::size_t size = 0;
  openssl::require_ok(
      EVP_Q_digest(nullptr, name, nullptr, bytes.data(), bytes.size(), digest.data(), &size),
      "a digest");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string with_colons(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (!text.empty()) text += ':';
    text += base::to_hex(base::as_bytes({&byte, 1}));
  }
  return text;
}

base::TimePoint to_time(const ASN1_TIME* time) {
  std::tm parts{};
  openssl::require_ok(ASN1_TIME_to_tm(time, &parts), "the time of a certificate");
  return base::TimePoint(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

SshPublicKey read_ssh_public_key(const std::string& text) {
  const openssl::ErrorQueue errors;
  RsaNumbers numbers;
  if (text.starts_with("ssh-rsa ")) {
    numbers = read_ssh_numbers(text);
  } else if (text.starts_with("-----BEGIN PUBLIC KEY-----")) {
    numbers = read_pem_numbers(text);
  } else {
    throw ApiError(ErrorCode::kUnrecognizedPublicKeyEncoding,
                   "The public key is neither in ssh-rsa nor in PEM format.");  // ours
  }
  if (numbers.exponent.empty() || BN_num_bits(to_number(numbers.modulus).get()) < kLeastKeyBits) {
    invalid_public_key();
  }
  std::string binary;
  add_field(binary, kSshRsa);
  add_field(binary, as_mpint(numbers.exponent));
  add_field(binary, as_mpint(numbers.modulus));
  return {std::string(kSshRsa) + " " + base::base64_encode(binary), to_pem(numbers),
          with_colons(digest_of(binary, "MD5"))};
}

openssl::Certificate read_one_certificate(const std::string& pem) {
  auto certificate = openssl::read_certificate(pem);
  if (!certificate) malformed("Unable to parse certificate. Please ensure it is in PEM format.");
  constexpr std::string_view kBegin = "-----BEGIN";
  if (pem.find(kBegin, pem.find(kBegin) + 1) != pem.npos) {
    malformed("The certificate body holds more than one certificate.");
  }
  return certificate;
}

void check_certificate_chain(const std::string& pem) {
  const openssl::ErrorQueue errors;
  const auto memory = openssl::memory_of(pem);
  std::size_t count = 0;
  while (
      const openssl::Certificate one{PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)}) {
    ++count;
  }
  // At the end of the text there is no further certificate; any other error is one of the text.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (count == 0 || !ended) malformed("Unable to parse certificate chain.");
}

void check_private_key(const std::string& pem, X509* certificate) {
  const openssl::ErrorQueue errors;
  // OpenSSL would ask for the passphrase on the terminal.
  if (pem.find("ENCRYPTED") != pem.npos) malformed("The private key must not be encrypted.");
  const auto key = openssl::read_private_key(pem);
  if (!key) malformed("Unable to parse the private key. Please ensure it is in PEM format.");
  if (X509_check_private_key(certificate, key.get()) != 1) {
    throw ApiError(ErrorCode::kKeyPairMismatch,
                   "Certificate and private key do not match.");  // ours
  }
}

base::TimePoint valid_from(X509* certificate) { return to_time(X509_get0_notBefore(certificate)); }
base::TimePoint valid_until(X509* certificate) { return to_time(X509_get0_notAfter(certificate)); }

std::string certificate_hash(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  openssl::require_ok(size, "encoding a certificate");
  const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return digest_of(der, "SHA1");
}

}  // namespace ecr::api::iam
