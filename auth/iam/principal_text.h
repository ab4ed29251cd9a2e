// The principals in a policy's text, replaced where they stand: everything else stays as it was
// written. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ecr::auth::iam {

// Each string under "AWS" of Principal and NotPrincipal is given to `replacement`, in order;
// nullopt keeps it. REQUIRES: Policy::parse accepted the document.
std::string replace_principals(
    std::string_view document,
    const std::function<std::optional<std::string>(const std::string&)>& replacement);

}  // namespace ecr::auth::iam
