#include "server/runtime/system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

#include <openssl/crypto.h>

namespace ecr::server {

base::TimePoint SystemClock::now() const {
  // Milliseconds, as the API's times and the database's columns have them: a time read back equals
  // the time written.
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

namespace {

// Random bytes are taken from the kernel in portions of this size, the most of one getentropy():
// each is a system call, and every request needs sixteen bytes for its id.
constexpr std::size_t kAtOnce = 256;

// Not from OpenSSL: seeding its generator is a sixth of the work of a start.
void fetch(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const auto portion = out.first(std::min(out.size(), kAtOnce));
    if (getentropy(portion.data(), portion.size()) != 0) {
      throw std::system_error(errno, std::generic_category(), "the system has no random numbers");
    }
    out = out.subspan(portion.size());
  }
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) {
  // Each thread has a pool of its own, so no lock is needed.
  thread_local std::array<std::uint8_t, kAtOnce> pool;
  thread_local std::size_t left = 0;
  // Larger wishes would empty the pool too fast to gain anything.
  if (out.size() > kAtOnce / 4) return fetch(out);
  if (left < out.size()) {
    fetch(pool);
    left = kAtOnce;
  }
  const auto from = std::span(pool).subspan(kAtOnce - left, out.size());
  std::copy(from.begin(), from.end(), out.begin());
  // memset() could be removed by the compiler, as the bytes are not read again.
  OPENSSL_cleanse(from.data(), from.size());  // some of it becomes a secret
  left -= out.size();
}

// A directory opens as a stream, and reads as an empty file.
std::string read_text_file(const std::string& path, const std::string& what) {
  std::error_code ignored;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file && std::filesystem::is_directory(path, ignored)) errno = EISDIR;
  if (!file || errno == EISDIR) {
    throw std::runtime_error(what + ": " + std::strerror(errno == 0 ? EIO : errno));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace ecr::server
