// The files of web/console/dist by their names. Internal to files.h. Thread-safe.
#pragma once

#include <string_view>

namespace ecr::api::admin::console {

// Empty: there is no such file.
std::string_view embedded_file(std::string_view name);

}  // namespace ecr::api::admin::console
