#include "auth/iam/match/context.h"

#include <algorithm>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using Values = std::vector<Context::Value>;

// The keys are a sorted vector, not a map: a request has about twenty, and each condition of each
// statement looks one up.
Values::const_iterator position(const Values& values, std::string_view lower_key) {
  return std::lower_bound(
      values.begin(), values.end(), lower_key,
      [](const Context::Value& value, std::string_view key) { return value.key < key; });
}

// The place of a key, made if it is not there. The spelling that came last is kept for display.
Context::Value& slot(Values& values, std::string_view key) {
  std::string lower = base::to_lower(key);
  auto at = position(values, lower);
  if (at == values.end() || at->key != lower) {
    at = values.insert(at, Context::Value{});
  }
  auto& value = values[static_cast<std::size_t>(at - values.begin())];
  value.key = std::move(lower);
  value.name = key;
  return value;
}

}  // namespace

Context::Context(
    std::initializer_list<std::pair<std::string_view, std::string_view>> single_valued) {
  for (const auto& [key, value] : single_valued) set(key, value);
}

// INVARIANT: a key that is not multivalued has exactly one value; conditions and variables rely on
// it.
void Context::set(std::string_view key, std::string_view value) {
  Value& target = slot(values_, key);
  target.values.resize(1);
  target.values.front() = value;
  target.multivalued = false;
}

void Context::set_multi(std::string_view key, std::vector<std::string> values) {
  Value& target = slot(values_, key);
  target.values = std::move(values);
  target.multivalued = true;
}

void Context::erase(std::string_view key) {
  const std::string lower = base::to_lower(key);
  const auto at = position(values_, lower);
  if (at != values_.end() && at->key == lower) values_.erase(at);
}

const Context::Value* Context::find_lower(std::string_view key) const {
  const auto at = position(values_, key);
  return at != values_.end() && at->key == key ? &*at : nullptr;
}

const Context::Value* Context::find(std::string_view key) const {
  return find_lower(base::to_lower(key));
}

}  // namespace ecr::auth::iam
