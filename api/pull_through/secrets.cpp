#include "api/pull_through/secrets.h"

#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::pull_through {
namespace {

using base::Json;

Secrets::Entry read_entry(const Json& entry) {
  // The two faults that Secrets Manager has: the secret cannot be accessed
  // (UnableToAccessSecretException), or its text is not what ECR reads
  // (UnableToDecryptSecretValueException).
  if (entry.is_null()) return {Secrets::State::kInaccessible};
  const bool good = entry.is_object() && entry.contains("username") &&
                    entry["username"].is_string() && entry.contains("accessToken") &&
                    entry["accessToken"].is_string();
  if (!good) return {Secrets::State::kUnreadable};
  return {Secrets::State::kGood,
          {entry["username"].get<std::string>(), entry["accessToken"].get<std::string>()}};
}

// A secret may have other members, and may be one that ECR cannot read. A member that is nearly one
// of the two is a typing error.
void check_spelling(const std::string& secret, const Json& entry) {
  if (!entry.is_object()) return;
  const std::vector<std::string> known{"username", "accessToken"};
  for (const auto& [name, value] : entry.items()) {
    const bool is_known = name == known[0] || name == known[1];
    const std::string meant = is_known ? "" : base::did_you_mean(name, known);
    if (!meant.empty()) {
      throw std::runtime_error(base::format("{}: unknown key {}{}", secret, name, meant));
    }
  }
}

}  // namespace

Secrets Secrets::parse(std::string_view document) {
  const auto json = base::parse_json(document);
  if (!json) throw std::runtime_error("it is not JSON: " + json.error().detail);
  if (!json->is_object()) throw std::runtime_error("it must be a JSON object");
  Secrets secrets;
  for (const auto& [key, entry] : json->items()) {
    check_spelling(key, entry);
    secrets.secrets_[key] = read_entry(entry);
  }
  return secrets;
}

Secrets::Entry Secrets::find(const std::string& key) const {
  const auto found = secrets_.find(key);
  return found == secrets_.end() ? Entry{} : found->second;
}

// Secrets Manager adds a hyphen and six random characters to a secret's name in its ARN; a file
// written by hand has the name without them.
Secrets::Entry Secrets::by_arn(std::string_view arn) const {
  constexpr std::string_view kSecret = ":secret:";
  constexpr std::size_t kSuffix = 7;  // "-AbCdEf"
  const std::size_t at = arn.find(kSecret);
  std::string name(at == std::string_view::npos ? arn : arn.substr(at + kSecret.size()));
  for (const std::string& key : {std::string(arn), name}) {
    if (Entry found = find(key); found.state != State::kMissing) return found;
  }
  if (name.size() <= kSuffix || name[name.size() - kSuffix] != '-') return {};
  name.resize(name.size() - kSuffix);
  return find(name);
}

}  // namespace ecr::api::pull_through
