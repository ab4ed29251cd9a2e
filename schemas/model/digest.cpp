#include "schemas/model/digest.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "schemas/base/encoding.h"

namespace ecr::model {
namespace {

constexpr std::string_view kSha256Name = "sha256";
constexpr std::string_view kSha512Name = "sha512";

// OpenSSL fails here only if it is out of memory or was built without the algorithm. No caller
// could go on without a hash, so this is an exception and not a result.
void require(bool success) {
  if (!success) throw std::runtime_error("OpenSSL: a hash could not be computed");
}

struct Free {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

std::unique_ptr<EVP_MD, Free> fetch(const char* name) {
  std::unique_ptr<EVP_MD, Free> md(EVP_MD_fetch(nullptr, name, nullptr));
  require(md != nullptr);
  return md;
}

// An algorithm is fetched once in the life of the program, because each fetch takes a lock and a
// search by name. OpenSSL's fetched algorithms are safe to share between threads.
const EVP_MD* message_digest(DigestAlgorithm algorithm) {
  static const auto sha256 = fetch("SHA256");
  static const auto sha512 = fetch("SHA512");
  return algorithm == DigestAlgorithm::kSha256 ? sha256.get() : sha512.get();
}

// A context for HMAC-SHA256 without a key, which each use duplicates: setting one up by name costs
// more than the hash itself. Only its copies are changed, so threads share it.
std::unique_ptr<EVP_MAC_CTX, Free> new_hmac_prototype() {
  const std::unique_ptr<EVP_MAC, Free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr);
  std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_new(mac.get()));
  require(context != nullptr);
  char name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  require(EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

std::string_view name_of(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha256 ? kSha256Name : kSha512Name;
}

std::size_t hex_length(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha256 ? 64 : 128;
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The header has void pointers, so that its readers need no OpenSSL.
EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

// Accepts the two algorithms that the OCI image specification registers ("Digests"). Hexadecimal
// digits in upper case are refused, so that equal digests are equal texts; the text also names
// files in the blob store, so no other character may come through (test: RefusesTheRest).
std::optional<Digest> Digest::parse(std::string_view text) {
  for (const auto algorithm : {DigestAlgorithm::kSha256, DigestAlgorithm::kSha512}) {
    const std::string_view name = name_of(algorithm);
    if (!text.starts_with(name) || text.size() != name.size() + 1 + hex_length(algorithm)) continue;
    if (text[name.size()] != ':' || !is_lower_hex(text.substr(name.size() + 1))) return {};
    return Digest(algorithm, std::string(text));
  }
  return std::nullopt;
}

Digest Digest::of(std::string_view bytes, DigestAlgorithm algorithm) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

std::string_view Digest::algorithm_name() const { return name_of(algorithm_); }

std::string_view Digest::hex() const {
  return std::string_view(text_).substr(algorithm_name().size() + 1);
}

std::vector<std::string> texts_of(const std::vector<Digest>& digests) {
  std::vector<std::string> texts;
  texts.reserve(digests.size());
  for (const Digest& digest : digests) texts.push_back(digest.text());
  return texts;
}

void Hasher::Deleter::operator()(void* context) const { EVP_MD_CTX_free(as_context(context)); }

Hasher::Hasher(DigestAlgorithm algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr);
  require(EVP_DigestInit_ex2(as_context(context_.get()), message_digest(algorithm), nullptr) == 1);
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

// A push reports the digest of what has arrived so far and goes on: finishing would end the state,
// so a copy is finished.
Hasher Hasher::copy() const {
  Hasher fork(algorithm_);
  require(EVP_MD_CTX_copy_ex(as_context(fork.context_.get()), as_context(context_.get())) == 1);
  return fork;
}

void Hasher::update(std::string_view bytes) {
  require(EVP_DigestUpdate(as_context(context_.get()), bytes.data(), bytes.size()) == 1);
}

Digest Hasher::finish() {
  // Room for SHA-512, the longer one.
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(as_context(context_.get()), bytes.data(), &size) == 1);
  std::string text(name_of(algorithm_));
  text += ':';
  text += base::to_hex(std::span(bytes).first(size));
  return Digest(algorithm_, std::move(text));
}

Sha256 sha256(std::string_view bytes) {
  Sha256 out;
  const EVP_MD* md = message_digest(DigestAlgorithm::kSha256);
  require(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, md, nullptr) == 1);
  return out;
}

Sha256 hmac_sha256(std::span<const std::uint8_t> key, std::string_view bytes) {
  // Made by the first caller; the initialization of a static is thread-safe.
  static const auto prototype = new_hmac_prototype();
  const std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_dup(prototype.get()));
  require(context != nullptr);
  // For OpenSSL a null key means "the key that was set before", and the data of an empty span may
  // be null.
  const std::uint8_t no_key = 0;
  const std::uint8_t* key_data = key.empty() ? &no_key : key.data();
  require(EVP_MAC_init(context.get(), key_data, key.size(), nullptr) == 1);
  require(EVP_MAC_update(context.get(), base::as_bytes(bytes).data(), bytes.size()) == 1);
  Sha256 out;
  std::size_t size = 0;
  require(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == out.size());
  return out;
}

// Only the contents are secret. The lengths of hashes, signatures and tokens are known, so a
// different length may answer at once.
bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ecr::model
