// nextToken: a position in a listing, opaque and unforgeable, bound to the listing it came from.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::api {

using PageKey = std::array<std::uint8_t, 32>;

// `listing` says which listing this is: operation, caller's account, registry, filters.
std::string make_page_token(const PageKey& key, std::string_view listing,
                            const std::vector<std::string>& position);
// nullopt: forged, damaged, or of another listing.
std::optional<std::vector<std::string>> read_page_token(const PageKey& key,
                                                        std::string_view listing,
                                                        std::string_view token);

}  // namespace ecr::api
