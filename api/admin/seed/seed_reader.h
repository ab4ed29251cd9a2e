// Reads members of the seed document; what is wrong is named by its place.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace ecr::api::admin {

// One value of the document and where it stands. Borrows the document.
class SeedNode {
 public:
  SeedNode(const nlohmann::json& value, std::string place)
      : value_(value), place_(std::move(place)) {}

  // Throws SeedError for a member that is not in the list (a typing error would else be ignored).
  void only(std::initializer_list<std::string_view> members) const;
  bool has(std::string_view member) const;
  std::string text(std::string_view member) const;  // required
  std::string text(std::string_view member, std::string fallback) const;
  bool flag(std::string_view member, bool fallback) const;
  std::int64_t number(std::string_view member, std::int64_t fallback, std::int64_t min,
                      std::int64_t max) const;
  SeedNode member(std::string_view member) const;  // required
  const nlohmann::json& json() const { return value_; }
  const std::string& place() const { return place_; }

  // visit(SeedNode) for each element of a list member; none where it is absent.
  void each(std::string_view name, const std::function<void(const SeedNode&)>& visit) const;
  // visit(key, SeedNode) for each member of an object member; none where it is absent.
  void each_pair(std::string_view name,
                 const std::function<void(const std::string&, const SeedNode&)>& visit) const;
  [[noreturn]] void fail(std::string_view why) const;

 private:
  const nlohmann::json& value_;
  std::string place_;
};

}  // namespace ecr::api::admin
