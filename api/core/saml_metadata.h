// SAML identity providers as IAM keeps them: nobody signs in through one here, so only what IAM
// shows of one is read from its metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"

namespace ecr::api {

// The end of the metadata's validity, by its own validUntil; without one a hundred years from now.
// nullopt: it is no SAML metadata.
std::optional<base::TimePoint> saml_valid_until(std::string_view metadata, base::TimePoint now);
// 32 digits, as IAM's model has them.
std::string make_saml_provider_uuid(base::Random& random);

}  // namespace ecr::api
