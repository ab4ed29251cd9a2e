#include "api/core/saml_metadata.h"

#include <array>

#include "schemas/base/text.h"

namespace ecr::api {

std::optional<base::TimePoint> saml_valid_until(std::string_view metadata, base::TimePoint now) {
  if (metadata.find("EntityDescriptor") == std::string_view::npos) return std::nullopt;
  constexpr std::chrono::hours kYears{24 * 365 * 100};
  constexpr std::string_view kAttribute = "validUntil=\"";
  const std::size_t at = metadata.find(kAttribute);
  if (at == std::string_view::npos) return now + kYears;
  const std::string_view rest = metadata.substr(at + kAttribute.size());
  const auto time = base::parse_iso8601(rest.substr(0, rest.find('"')));
  return time ? *time : now + kYears;
}

std::string make_saml_provider_uuid(base::Random& random) {
  std::array<std::uint8_t, 16> noise{};
  random.fill(noise);
  std::string uuid;
  for (const std::uint8_t byte : noise) uuid += base::format("{:02X}", byte);
  return uuid;
}

}  // namespace ecr::api
