// The subcommands. Each returns the exit status of the process.
#pragma once

#include "server/cli/config.h"

namespace ecr::server {

int run_serve(const ServeConfig& config);               // serve.cpp
int run_check(const ServeConfig& config, bool repair);  // commands.cpp, as the rest
int run_evaluate(bool explain);
int run_verify_sigv4();
int run_validate_policy(const std::string& file, const std::string& type);
int run_explain(const ExplainConfig& config);  // explain.cpp
int run_healthcheck(const std::string& url);   // healthcheck.cpp
int run_demo(const DemoConfig& config);        // demo.cpp
int run_ca(const ServeConfig& config);         // ca.cpp
int run_print(const PrintConfig& config);      // print.cpp
int run_completion(const std::string& shell);  // print.cpp

}  // namespace ecr::server
