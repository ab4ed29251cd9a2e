// Content digests (OCI image-spec, "Digests"): "sha256:<64 hex>" or "sha512:<128 hex>", lower case.
// A Digest is always well-formed: parse, don't check.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::model {

enum class DigestAlgorithm { kSha256, kSha512 };

class Digest {
 public:
  // nullopt unless the text is exactly one of the two forms (hex in lower case).
  static std::optional<Digest> parse(std::string_view text);
  // The digest of `bytes`.
  static Digest of(std::string_view bytes, DigestAlgorithm algorithm = DigestAlgorithm::kSha256);

  DigestAlgorithm algorithm() const { return algorithm_; }
  std::string_view algorithm_name() const;  // "sha256" or "sha512"
  std::string_view hex() const;             // view into this object
  const std::string& text() const { return text_; }

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest& a, const Digest& b) { return a.text_ <=> b.text_; }

 private:
  friend class Hasher;
  Digest(DigestAlgorithm algorithm, std::string text)
      : algorithm_(algorithm), text_(std::move(text)) {}
  DigestAlgorithm algorithm_;
  std::string text_;
};

// For unordered containers.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    return std::hash<std::string_view>()(digest.text());
  }
};

// In the same order.
std::vector<std::string> texts_of(const std::vector<Digest>& digests);

// Streaming hash. Not thread-safe; movable; copy() forks the state (to report a digest and go on).
class Hasher {
 public:
  explicit Hasher(DigestAlgorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  Hasher copy() const;

  DigestAlgorithm algorithm() const { return algorithm_; }
  void update(std::string_view bytes);
  // Ends the hash. REQUIRES: not called before on this object.
  Digest finish();

 private:
  struct Deleter {
    void operator()(void* context) const;
  };
  DigestAlgorithm algorithm_;
  std::unique_ptr<void, Deleter> context_;  // EVP_MD_CTX
};

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::span<const std::uint8_t> key, std::string_view bytes);

// True if the two are equal; takes the same time wherever they differ. For every comparison of a
// secret.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace ecr::model
