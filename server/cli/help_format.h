// The text of --help: 80 columns wide, flags in groups, and at the end what else sets them.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace ecr::server {

// For the program and, inherited, for all of its commands.
std::shared_ptr<CLI::FormatterBase> make_help_format();

}  // namespace ecr::server
