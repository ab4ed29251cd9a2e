// Unpacks data that is linked into the program packed with xz. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace ecr::base {

// Unpacks the .xz stream that `packed` begins with, and moves `packed` behind it. Throws
// std::runtime_error where the stream is damaged, or takes more than 8 MiB to unpack.
std::string unpack_xz(std::string_view& packed);

}  // namespace ecr::base
