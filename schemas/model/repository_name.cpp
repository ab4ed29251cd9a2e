#include "schemas/model/repository_name.h"

#include <algorithm>

namespace ecr::model {
namespace {

// No function: std::find_if would call it for each character.
constexpr auto is_letter_or_digit = [](char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
};

bool is_separator(std::string_view text) {
  return text == "/" || text == "." || text == "_" || text == "__" ||
         text.find_first_not_of('-') == std::string_view::npos;
}

// The pattern of the model's shape RepositoryName (test: RepositoryName.IsTheModelsShape) without a
// regular expression, because every request of /v2/ and every row of a repository is checked. AWS
// counts characters; all that the pattern allows are ASCII, so bytes are the same.
bool is_well_formed(std::string_view text) {
  if (text.size() < 2 || text.size() > 256) return false;
  if (!is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) return false;
  for (auto at = text.begin(); at != text.end();) {
    const auto separator = std::find_if_not(at, text.end(), is_letter_or_digit);
    at = std::find_if(separator, text.end(), is_letter_or_digit);
    if (separator != at && !is_separator({separator, at})) return false;
  }
  return true;
}

}  // namespace

std::optional<RepositoryName> RepositoryName::parse(std::string_view text) {
  if (!is_well_formed(text)) return std::nullopt;
  return RepositoryName(text);
}

std::string repository_arn(const RegistryId& registry, const RepositoryName& name) {
  return repository_arn(registry.region, registry.account, name.text());
}

}  // namespace ecr::model
