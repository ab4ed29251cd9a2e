// The files of web/console/dist in the program. CMake lists them (api/CMakeLists.txt): of each one
// ECR_EMBED(console_<n>, "<path>"), and {"<name>", ECR_EMBEDDED(console_<n>)} where
// ECR_CONSOLE_TABLE is defined. There may be none: then the program has no console, and says so.
#include "api/admin/console/embedded_files.h"

#include "schemas/base/embed.h"

#include ECR_CONSOLE_FILES

namespace ecr::api::admin::console {

#define ECR_CONSOLE_TABLE
std::string_view embedded_file([[maybe_unused]] std::string_view name) {
  static constexpr std::string_view kNone;
#include ECR_CONSOLE_FILES
  return kNone;
}

}  // namespace ecr::api::admin::console
