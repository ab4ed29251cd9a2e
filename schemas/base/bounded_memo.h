// The one bounded memo: it keeps values by key and drops those that were not asked for lately.
//
// It has two generations. A new value goes into the recent one; when that is full it becomes the
// old one, and the values of the old one that were not asked for meanwhile are destroyed. So a hit
// costs one look-up and no list is kept in order; at least half of the capacity stays.
//
// Owns its keys and values. Not thread-safe: the owner holds a lock, also for find(), which moves a
// value of the old generation into the recent one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ecr::base {

// Lets a map of strings be searched with a string_view, without making a string.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

template <typename Key, typename Value, typename Hash = std::hash<Key>,
          typename Equal = std::equal_to<>>
class BoundedMemo {
 public:
  // INVARIANT: never more than `capacity` values, or two where it is less.
  explicit BoundedMemo(std::size_t capacity) : half_(capacity < 4 ? 1 : capacity / 2) {}

  // Null: there is none. Valid until the next call.
  template <typename Wanted>
  Value* find(const Wanted& key) {
    if (const auto found = recent_.find(key); found != recent_.end()) return &found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return nullptr;
    auto node = old_.extract(found);
    make_room();
    return &recent_.insert(std::move(node)).position->second;
  }

  // Replaces the value of the key, if it has one. Returns the stored value; valid until the next
  // call.
  template <typename NewKey, typename NewValue>
  Value& put(NewKey&& key, NewValue&& value) {
    if (Value* const known = find(key)) return *known = std::forward<NewValue>(value);
    make_room();
    return recent_.emplace(std::forward<NewKey>(key), std::forward<NewValue>(value)).first->second;
  }

  // Calls `visit` with each key and value, in no particular order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Generation* generation : {&recent_, &old_}) {
      for (const auto& [key, value] : *generation) visit(key, value);
    }
  }

  std::size_t size() const { return recent_.size() + old_.size(); }

  void clear() {
    recent_.clear();
    old_.clear();
  }

 private:
  using Generation = std::unordered_map<Key, Value, Hash, Equal>;

  void make_room() {
    if (recent_.size() < half_) return;
    old_.swap(recent_);
    recent_.clear();
  }

  std::size_t half_;  // of the capacity: the size of one generation
  Generation recent_;
  Generation old_;
};

}  // namespace ecr::base
