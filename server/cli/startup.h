// What commands that open a data directory share, and what `serve` says at its start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/cli/command_line.h"
#include "server/runtime/listen_address.h"
#include "storage/store.h"

namespace ecr::server {

// Opens the store of --data-dir or --in-memory. Throws std::runtime_error, which names the flag.
std::unique_ptr<storage::Store> open_store(const ServeConfig& config, base::Random& random);

// What a server that other machines reach lacks, each with the flag to add. Pure.
std::vector<std::string> reach_warnings(const std::vector<ListenAddress>& addresses,
                                        const api::Settings& settings);

// Reads the file of --endpoint-policy into `settings`, and says what is missing in it. Throws
// std::runtime_error where it cannot be read, or is no policy of a VPC endpoint.
std::vector<std::string> read_endpoint_policy(api::Settings& settings);

// The lines below the ready line, for a person at a terminal: where the data is, which credentials
// are accepted, what to do next. `url`: as the ready line has it. Pure.
std::string ready_text(const ServeConfig& config, const api::Settings& settings,
                       const std::string& url);

// The token of --credentials-token, without white space around it: that in the file, which is made
// with a new one where it is not there. Empty: the flag is not given. Throws std::runtime_error.
std::string container_token(const ServeConfig& config, base::Random& random);

// Where the instance metadata service listens.
std::vector<ListenAddress> metadata_addresses(const ServeConfig& config);

// The account and the name of the instance's role.
std::pair<std::string, std::string> instance_role(const ServeConfig& config);

}  // namespace ecr::server
