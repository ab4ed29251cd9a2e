#include "api/core/access/policy_memo.h"

#include <map>
#include <mutex>
#include <stdexcept>

#include "schemas/base/bounded_memo.h"

namespace ecr::api {

struct PolicyMemo::Impl {
  using Memo = base::BoundedMemo<std::string, auth::iam::PolicyPtr, base::StringHash>;

  // REQUIRES: mutex held.
  Memo& memo(auth::iam::PolicyType type) {
    return by_type.try_emplace(type, capacity).first->second;
  }

  const std::size_t capacity;  // of each type
  std::mutex mutex;
  std::map<auth::iam::PolicyType, Memo> by_type = {};  // under mutex
};

PolicyMemo::PolicyMemo(std::size_t capacity) : impl_(new Impl{capacity, {}, {}}) {}
PolicyMemo::~PolicyMemo() = default;

auth::iam::PolicyPtr PolicyMemo::get(std::string_view document, auth::iam::PolicyType type) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const auto* const known = impl_->memo(type).find(document)) return *known;
  }
  auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed)
    throw std::runtime_error("a stored policy does not parse: " + parsed.error().message);
  const std::lock_guard lock(impl_->mutex);
  return impl_->memo(type).put(document, *std::move(parsed));
}

}  // namespace ecr::api
