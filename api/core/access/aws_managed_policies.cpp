#include "api/core/access/aws_managed_policies.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

#include "schemas/base/text.h"
#include "schemas/base/xz.h"
#include "schemas/model/digest.h"
#include "schemas/model/embedded.h"
#include "schemas/model/partition.h"

namespace ecr::api {
namespace {

constexpr std::string_view kAfterPartition = ":iam::aws:policy";

// What the packed file does not tell, as far as it is published. Descriptions: AWS Managed Policy
// Reference Guide.
struct Published {
  std::string_view name;
  std::string_view id;
  std::string_view description;
};
constexpr Published kPublished[] = {
    {"AWSECRPullThroughCache_ServiceRolePolicy", "",
     "Allows access to AWS services and resources used or managed by the ECR pull through cache"},
    {"AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK",
     "Provides full access to AWS services and resources."},
    {"AmazonEC2ContainerRegistryFullAccess", "ANPAIESRL7KD7IIVF6V4W",
     "Provides administrative access to Amazon ECR resources"},
    {"AmazonEC2ContainerRegistryPowerUser", "ANPAJDNE5PIHROIBGGDDW",
     "Provides full access to Amazon EC2 Container Registry repositories, but does not allow "
     "repository deletion or policy changes."},
    {"AmazonEC2ContainerRegistryPullOnly", "",
     "Provides permissions to pull images from Amazon ECR"},
    {"AmazonEC2ContainerRegistryReadOnly", "ANPAIFYZPA37OOHVIH7KQ",
     "Provides read-only access to Amazon EC2 Container Registry repositories."},
    {"AmazonECSTaskExecutionRolePolicy", "",
     "Provides access to other AWS service resources that are required to run Amazon ECS tasks"},
    {"ECRReplicationServiceRolePolicy", "",
     "Allows access to AWS services and resources used or managed by the ECR replication feature"},
    {"ECRTemplateServiceRolePolicy", "",
     "Allows actions to be performed when using AWS ECR repository creation templates"},
    {"IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ",
     "Provides full access to IAM via the AWS Management Console."},
    {"IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ",
     "Provides read only access to IAM via the AWS Management Console."},
    {"IAMUserChangePassword", "",
     "Provides the ability for an IAM user to change their own password."},
    {"PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS",
     "Provides full access to AWS services and resources, but does not allow management of Users "
     "and groups."},
    {"ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ",
     "Provides read-only access to AWS services and resources."},
};

Published published(std::string_view name) {
  for (const Published& one : kPublished) {
    if (one.name == name) return one;
  }
  return {};
}

// The table that the packed file begins with. Its columns are described where the file is made, in
// scripts/update-managed-policies.
class Table {
 public:
  Table() : text_(unpack_table()) {
    std::size_t block_size = 0;  // of the last block: where the next one begins
    std::uint32_t offset = 0;
    for (std::string_view rest = text_; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string_view name = next(line);
      if (name == "source") continue;
      if (name == "block") {
        blocks_.push_back(blocks_.empty() ? first_block_ : blocks_.back() + block_size);
        block_size = number(next(line));
        offset = 0;
        continue;
      }
      AwsManagedPolicy& policy = policies_.emplace_back();
      policy.name = name;
      policy.path = next(line);
      policy.version = number(next(line));
      policy.created = base::parse_iso8601(next(line)).value();
      policy.updated = base::parse_iso8601(next(line)).value();
      policy.block = static_cast<std::uint32_t>(blocks_.size() - 1);
      policy.offset = offset;
      policy.size = number(next(line));
      offset += policy.size + 1;  // each document ends its line
    }
  }

  const std::vector<AwsManagedPolicy>& policies() const { return policies_; }

  std::string document(const AwsManagedPolicy& policy) const {
    std::string_view packed = model::embedded::aws_managed_policies().substr(blocks_[policy.block]);
    return base::unpack_xz(packed).substr(policy.offset, policy.size);
  }

 private:
  std::string unpack_table() {
    const std::string_view file = model::embedded::aws_managed_policies();
    std::string_view rest = file;
    std::string table = base::unpack_xz(rest);
    first_block_ = file.size() - rest.size();
    return table;
  }

  // Takes the next column off the line.
  static std::string_view next(std::string_view& line) {
    const std::size_t end = std::min(line.find('\t'), line.size());
    const std::string_view column = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return column;
  }

  static std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw std::runtime_error("the table of AWS's managed policies is damaged");
    }
    return value;
  }

  std::size_t first_block_ = 0;      // before text_, which sets it
  std::string text_;                 // what names and paths are views of
  std::vector<std::size_t> blocks_;  // where each begins in the file
  std::vector<AwsManagedPolicy> policies_;
};

// Made when it is first asked for: most programs never need it.
const Table& table() {
  static const Table kTable;
  return kTable;
}

}  // namespace

std::string AwsManagedPolicy::arn(std::string_view partition) const {
  return base::format("arn:{}{}{}{}", partition, kAfterPartition, path, name);
}

std::string AwsManagedPolicy::unique_id() const {
  if (const std::string_view id = published(name).id; !id.empty()) return std::string(id);
  // The others get an id from their ARN: it must be the same in every account and after each start.
  constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const model::Sha256 hash = model::sha256(arn(model::partitions().front().name));
  std::string id = "ANPA";
  for (std::size_t i = 0; i < 17; ++i) id += kBase32[hash[i] % kBase32.size()];
  return id;
}

std::string_view AwsManagedPolicy::description() const { return published(name).description; }

std::string AwsManagedPolicy::document() const { return table().document(*this); }

std::span<const AwsManagedPolicy> aws_managed_policies() { return table().policies(); }

const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn) {
  // Of another ARN this much is enough to tell, so that the table stays packed.
  constexpr std::string_view kPrefix = "arn:aws";
  if (!arn.starts_with(kPrefix)) return nullptr;
  const std::size_t end = arn.find(':', kPrefix.size());  // of the partition
  if (end == std::string_view::npos || !arn.substr(end).starts_with(kAfterPartition) ||
      (end > kPrefix.size() && arn[kPrefix.size()] != '-')) {
    return nullptr;
  }
  arn.remove_prefix(end + kAfterPartition.size());
  const std::string_view name = arn.substr(arn.rfind('/') + 1);
  const auto policies = aws_managed_policies();
  const auto found = std::lower_bound(
      policies.begin(), policies.end(), name,
      [](const AwsManagedPolicy& policy, std::string_view wanted) { return policy.name < wanted; });
  const bool is_it = found != policies.end() && found->name == name &&
                     arn.substr(0, arn.size() - name.size()) == found->path;
  return is_it ? &*found : nullptr;
}

}  // namespace ecr::api
