// `ecr-local ca`: the certificate that clients of --tls auto have to trust.
#include <filesystem>

#include <fmt/format.h>

#include "server/certificate_authority.h"
#include "server/commands.h"
#include "server/system.h"

namespace ecr::server {

int run_ca(const ServeConfig& config) {
  std::error_code ignored;  // what is wrong, the next line says
  std::filesystem::create_directories(config.data_dir, ignored);
  const CertificateAuthority authority(config.data_dir, SystemClock().now());
  fmt::print("{}", authority.certificate());
  return 0;
}

}  // namespace ecr::server
