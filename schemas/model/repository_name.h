// Names of repositories (the API model's RepositoryName). A RepositoryName is always well-formed:
// parse, don't check.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/model/registry_id.h"

namespace ecr::model {

class RepositoryName {
 public:
  // nullopt unless the text has 2 to 256 characters and is
  // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*
  static std::optional<RepositoryName> parse(std::string_view text);

  const std::string& text() const { return text_; }

  friend bool operator==(const RepositoryName&, const RepositoryName&) = default;
  friend auto operator<=>(const RepositoryName&, const RepositoryName&) = default;

 private:
  explicit RepositoryName(std::string_view text) : text_(text) {}
  std::string text_;
};

// For unordered containers.
struct RepositoryNameHash {
  std::size_t operator()(const RepositoryName& name) const {
    return std::hash<std::string_view>()(name.text());
  }
};

// arn:aws:ecr:us-east-1:123456789012:repository/<name>
std::string repository_arn(const RegistryId& registry, const RepositoryName& name);

}  // namespace ecr::model
