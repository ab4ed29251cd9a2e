// `ecr-local ca`: the certificate that clients of --tls auto have to trust.
#include <filesystem>

#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/system.h"
#include "server/tls/certificate_authority.h"

namespace ecr::server {

int run_ca(const ServeConfig& config) {
  std::error_code ignored;  // what is wrong, the next line says
  std::filesystem::create_directories(config.data_dir, ignored);
  const CertificateAuthority authority(config.data_dir, SystemClock().now());
  base::print("{}", authority.certificate());
  return 0;
}

}  // namespace ecr::server
