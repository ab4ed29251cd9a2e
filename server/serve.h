// `ecr-local serve`: wires every part together and serves until SIGTERM or SIGINT.
#pragma once

#include "server/cli/command_line.h"

namespace ecr::server {

// The exit status of the process. Throws std::runtime_error with a sentence for the user.
int run_serve(const ServeConfig& config);

}  // namespace ecr::server
