#include "api/core/access/policy_memo.h"

#include <map>
#include <mutex>
#include <stdexcept>

#include "api/core/access/aws_managed_policies.h"
#include "schemas/base/bounded_memo.h"

namespace ecr::api {
namespace {

// AWS's policies in use at a time. The largest of them take hundreds of kilobytes.
constexpr std::size_t kAwsCapacity = 128;

auth::iam::PolicyPtr parse_stored(std::string_view document, auth::iam::PolicyType type) {
  auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed)
    throw std::runtime_error("a stored policy does not parse: " + parsed.error().message);
  return *std::move(parsed);
}

}  // namespace

struct PolicyMemo::Impl {
  using Memo = base::BoundedMemo<std::string, auth::iam::PolicyPtr, base::StringHash>;

  // REQUIRES: mutex held.
  Memo& memo(auth::iam::PolicyType type) {
    return by_type.try_emplace(type, capacity).first->second;
  }

  const std::size_t capacity;  // of each type
  std::mutex mutex;
  std::map<auth::iam::PolicyType, Memo> by_type = {};  // under mutex
  // AWS's, by their name. A view of the table of names, which stays. Under mutex.
  base::BoundedMemo<std::string_view, auth::iam::PolicyPtr> aws{kAwsCapacity};
};

PolicyMemo::PolicyMemo(std::size_t capacity) : impl_(new Impl{capacity, {}, {}}) {}
PolicyMemo::~PolicyMemo() = default;

auth::iam::PolicyPtr PolicyMemo::get(std::string_view document, auth::iam::PolicyType type) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const auto* const known = impl_->memo(type).find(document)) return *known;
  }
  auto parsed = parse_stored(document, type);
  const std::lock_guard lock(impl_->mutex);
  return impl_->memo(type).put(document, std::move(parsed));
}

auth::iam::PolicyPtr PolicyMemo::get(const AwsManagedPolicy& policy) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const auto* const known = impl_->aws.find(policy.name)) return *known;
  }
  auto parsed = parse_stored(policy.document(), auth::iam::PolicyType::kIdentity);
  const std::lock_guard lock(impl_->mutex);
  return impl_->aws.put(policy.name, std::move(parsed));
}

}  // namespace ecr::api
