// What most files include, parsed once for a module. No file relies on it: each includes what it
// names.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

// Without optimization each unit would compile its own copy of these: a sixth of its time. One file
// compiles them for all (schemas/base/shared_templates.cpp).
#ifdef ECR_SHARED_TEMPLATES
extern template class nlohmann::basic_json<>;
extern template class std::map<std::string, nlohmann::json, std::less<>>;
extern template class std::optional<std::string>;
extern template class std::vector<nlohmann::json>;
extern template class std::vector<std::string>;
#endif
