#include "schemas/model/arn.h"

#include <algorithm>
#include <array>
#include <utility>

#include "schemas/base/text.h"
#include "schemas/model/partition.h"

namespace ecr::model {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
// The characters of \w, without a locale.
bool is_word(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

// Only the first five colons separate: the resource keeps its own (test:
// KeepsColonsAndSlashesOfTheResource).
std::optional<Arn> Arn::parse(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn") return std::nullopt;
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]),
             std::string(parts[4]), std::string(text)};
}

std::string Arn::text() const {
  return base::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

bool is_account_id(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), is_digit);
}

// The form alone, because every region exists as soon as a request uses it.
bool is_region(std::string_view text) {
  return text.size() >= 2 && text.size() <= 25 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || is_lower(c) || c == '-';
         });
}

// The specification's pattern without a regular expression, because every request that names a tag
// checks it.
bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_word(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

std::string_view partition_of(std::string_view region) { return partition_of_region(region).name; }

// ECR has one type of resource, and this is its ARN in the service authorization reference.
std::string repository_arn(std::string_view region, std::string_view account,
                           std::string_view names) {
  return base::format("arn:{}:ecr:{}:{}:repository/{}", partition_of(region), region, account,
                      names);
}

}  // namespace ecr::model
