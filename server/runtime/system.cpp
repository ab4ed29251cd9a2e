#include "server/runtime/system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace ecr::server {

base::TimePoint SystemClock::now() const {
  // Milliseconds, as the API's times and the database's columns have them: a time read back equals
  // the time written.
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

namespace {

// Random bytes are taken from OpenSSL in portions of this size: each call makes a system call
// (getpid, to notice a fork), and every request needs sixteen bytes for its id.
constexpr std::size_t kAtOnce = 512;

// RAND_bytes seeds itself from the kernel and again after a fork.
void fetch(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) {
  // Each thread has a pool of its own, so no lock is needed.
  thread_local std::array<std::uint8_t, kAtOnce> pool;
  thread_local std::size_t left = 0;
  // Larger wishes would empty the pool too fast to gain anything.
  if (out.size() > kAtOnce / 8) return fetch(out);
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
