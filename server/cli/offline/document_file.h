// Documents that people write, as JSON or as YAML: the ending of the name says which. Blocking.
#pragma once

#include <string>

#include "schemas/base/json.h"

namespace ecr::server {

// "-": standard input, which may be either: YAML holds nearly all of JSON, and what begins with "{"
// is read as JSON. Throws std::runtime_error "tests.yaml:7: the key a is there twice".
base::OrderedJson read_document_file(const std::string& path);

// The path of a file that another file names. `beside`: that other file.
std::string path_beside(const std::string& beside, const std::string& path);

}  // namespace ecr::server
