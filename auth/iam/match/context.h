// The request context: condition keys and their values. Keys are compared without case, the part
// after '/' of tag keys included. A key has one value, or is multivalued (a set, maybe empty).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecr::auth::iam {

class Context {
 public:
  struct Value {
    std::string key;   // in lower case
    std::string name;  // as given, for display
    std::vector<std::string> values;
    bool multivalued = false;
  };

  Context() = default;
  Context(std::initializer_list<std::pair<std::string_view, std::string_view>> single_valued);

  // Room for that many keys.
  void reserve(std::size_t keys) { values_.reserve(keys); }
  // Replaces the values of the key.
  void set(std::string_view key, std::string_view value);
  void set_multi(std::string_view key, std::vector<std::string> values);
  void erase(std::string_view key);

  // REQUIRES: key in lower case. Null: the key is not in the context.
  const Value* find_lower(std::string_view key) const;
  const Value* find(std::string_view key) const;

  const std::vector<Value>& values() const { return values_; }  // sorted by key

 private:
  std::vector<Value> values_;
};

}  // namespace ecr::auth::iam
