#include "api/metadata/instance_tokens.h"

#include <array>
#include <cstdint>

#include "schemas/base/encoding.h"

namespace ecr::api::metadata {

std::string InstanceTokens::make(std::chrono::seconds life) {
  std::array<std::uint8_t, 42> noise{};
  random_.fill(noise);
  std::string token =
      base::base64url_encode({reinterpret_cast<const char*>(noise.data()), noise.size()});
  const std::lock_guard lock(mutex_);
  ends_.put(token, clock_.now() + life);
  return token;
}

bool InstanceTokens::is_good(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const base::TimePoint* const end = ends_.find(token);
  return end != nullptr && clock_.now() < *end;
}

}  // namespace ecr::api::metadata
