#include "server/cli/offline/document_file.h"

#include <filesystem>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "schemas/base/text.h"
#include "schemas/base/yaml.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

// A file of policy tests has a seed in it, perhaps of a whole account.
constexpr base::JsonLimits kDocumentLimits{.max_depth = 64, .max_bytes = 64u << 20};

bool is_yaml(const std::string& path, const std::string& text) {
  if (path != "-") return path.ends_with(".yaml") || path.ends_with(".yml");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] != '{' && text[first] != '[';
}

}  // namespace

base::OrderedJson read_document_file(const std::string& path) {
  const std::string text = path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                       : read_text_file(path, path);
  if (is_yaml(path, text)) {
    auto value = base::parse_yaml(text, kDocumentLimits);
    if (value) return std::move(*value);
    throw std::runtime_error(
        base::format("{}:{}: {}", path, value.error().line, value.error().detail));
  }
  auto value = base::parse_ordered_json(text, kDocumentLimits);
  if (value) return std::move(*value);
  throw std::runtime_error(
      base::format("{}:{}: {}", path, value.error().line, value.error().detail));
}

std::string path_beside(const std::string& beside, const std::string& path) {
  return (std::filesystem::path(beside).parent_path() / path).string();
}

}  // namespace ecr::server
