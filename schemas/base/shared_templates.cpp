// The templates that cmake/precompiled.h tells other units of a Debug build not to compile.
#ifdef ECR_SHARED_TEMPLATES
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

template class nlohmann::basic_json<>;
template class std::map<std::string, nlohmann::json, std::less<>>;
template class std::optional<std::string>;
template class std::vector<nlohmann::json>;
template class std::vector<std::string>;
#endif
