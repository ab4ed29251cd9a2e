#include "api/images/repository_settings.h"

#include <algorithm>
#include <span>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

constexpr const char* kFilters = "imageTagMutabilityExclusionFilters";
constexpr std::ptrdiff_t kMaxWildcards = 2;

constexpr std::size_t kMaxResourceTags = 50;
constexpr std::size_t kMaxTagKey = 128;
constexpr std::size_t kMaxTagValue = 256;

// Lengths of tags are counted in characters, not in bytes.
std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool has_valid_size(const std::string& key, const std::string& value) {
  return !key.empty() && code_points(key) <= kMaxTagKey && code_points(value) <= kMaxTagValue;
}

// One sentence for every rule (captured for an empty key; for the others it is inferred).
ApiError invalid_tags() { return {ErrorCode::kInvalidTagParameter, "Tag parameters are invalid"}; }

constexpr TagRules kResourceTagRules{TagKeyCase::kSensitive, invalid_tags, invalid_tags,
                                     TagKeyCase::kSensitive};

// The key that AWS manages for ECR (alias/aws/ecr), which ECR returns by its id: one an account and
// Region. Here the id follows from these two, so that it is the same after every start.
std::string managed_key_arn(const model::RegistryId& registry) {
  const model::Sha256 hash =
      model::sha256(base::format("alias/aws/ecr\n{}\n{}", registry.region, registry.account));
  std::string id = base::to_hex(std::span(hash).first(16));
  for (const std::size_t dash : {8, 13, 18, 23}) id.insert(dash, "-");
  return base::format("arn:{}:kms:{}:{}:key/{}", registry.partition(), registry.region,
                      registry.account, id);
}

}  // namespace

// ECR refuses a filter with more than two wildcards (from memory), exclusion filters without a
// *_WITH_EXCLUSION setting, and such a setting without filters. Its wording of the last is
// published (aws/aws-cdk issue 35246), that of the other two is not.
void set_mutability(const nlohmann::json& input, storage::RepositorySettings& settings) {
  settings.tag_mutability =
      storage::value_of<storage::TagMutability>(base::text_member(input, "imageTagMutability"));
  settings.mutability_exclusions.clear();
  for (const nlohmann::json& entry : input.value(kFilters, nlohmann::json::array())) {
    std::string filter = entry.at("filter").get<std::string>();
    if (std::count(filter.begin(), filter.end(), '*') > kMaxWildcards) {
      throw ApiError::invalid_parameter(kFilters, "A filter can have at most two wildcards");
    }
    settings.mutability_exclusions.push_back(std::move(filter));
  }
  const bool wants = storage::has_exclusions(settings.tag_mutability);
  const bool has = !settings.mutability_exclusions.empty();
  if (wants && !has) {
    throw ApiError::invalid_parameter(
        kFilters,
        base::format("ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is "
                     "set as {}",
                     storage::word_of(settings.tag_mutability)));
  }
  if (has && !wants) {
    throw ApiError::invalid_parameter(kFilters,
                                      base::format("Member must be null for tag mutability {}",
                                                   storage::word_of(settings.tag_mutability)));
  }
}

void add_mutability(const storage::RepositorySettings& settings, nlohmann::json& output) {
  output["imageTagMutability"] = storage::word_of(settings.tag_mutability);
  for (const std::string& filter : settings.mutability_exclusions) {
    output[kFilters].push_back({{"filterType", "WILDCARD"}, {"filter", filter}});
  }
}

void set_encryption(const nlohmann::json& encryption, const model::RegistryId& registry,
                    storage::RepositorySettings& settings) {
  settings.encryption_type =
      storage::value_of<storage::EncryptionType>(base::text_member(encryption, "encryptionType"));
  settings.kms_key = base::text_member(encryption, "kmsKey");
  // ECR uses its own managed key where KMS is asked for without a key. KMS_DSSE is the third type,
  // and takes a key like KMS.
  const bool kms = settings.encryption_type != storage::EncryptionType::kAes256;
  if (!kms && !settings.kms_key.empty()) {
    throw ApiError::invalid_parameter("encryptionConfiguration.kmsKey",
                                      "Member must be null for encryption type AES256");
  }
  if (kms && settings.kms_key.empty()) {
    settings.kms_key = managed_key_arn(registry);
  }
}

storage::Tags parse_tags(const nlohmann::json& list) {
  storage::Tags tags = read_tags(list);
  for (const auto& [key, value] : tags) {
    if (!has_valid_size(key, value)) throw invalid_tags();
  }
  check_tags(tags, kResourceTagRules);
  std::sort(tags.begin(), tags.end());
  return tags;
}

void check_tag_count(std::size_t count) {
  if (count > kMaxResourceTags) {
    throw ApiError(ErrorCode::kTooManyTags, "The maximum number of tags for a resource is " +
                                                std::to_string(kMaxResourceTags));
  }
}

}  // namespace ecr::api
