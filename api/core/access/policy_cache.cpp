#include "api/core/access/policy_cache.h"

#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace ecr::api {
namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

struct PolicyCache::Impl {
  using Map = std::unordered_map<std::string, auth::iam::PolicyPtr, Hash, std::equal_to<>>;
  std::size_t capacity;
  std::mutex mutex;
  std::map<auth::iam::PolicyType, Map> by_type;
};

PolicyCache::PolicyCache(std::size_t capacity) : impl_(std::make_unique<Impl>()) {
  impl_->capacity = capacity;
}
PolicyCache::~PolicyCache() = default;

auth::iam::PolicyPtr PolicyCache::get(std::string_view document, auth::iam::PolicyType type) {
  {
    const std::lock_guard lock(impl_->mutex);
    const Impl::Map& map = impl_->by_type[type];
    if (const auto found = map.find(document); found != map.end()) return found->second;
  }
  auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed)
    throw std::runtime_error("a stored policy does not parse: " + parsed.error().message);
  const std::lock_guard lock(impl_->mutex);
  Impl::Map& map = impl_->by_type[type];
  // Emptied as a whole when full: documents change rarely, and parsing one is cheap.
  if (map.size() >= impl_->capacity) map.clear();
  map.emplace(std::string(document), *parsed);
  return *parsed;
}

}  // namespace ecr::api
