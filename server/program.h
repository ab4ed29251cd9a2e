// The whole program behind main(): reads the command line and runs its subcommand.
#pragma once

namespace ecr::server {

// The exit status of the process. Errors are printed, not thrown.
int run_program(int argc, const char* const* argv);

}  // namespace ecr::server
