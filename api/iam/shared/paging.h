// IAM's pages: Marker, MaxItems, IsTruncated.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"

namespace ecr::api::iam {

// An element of a listing and what it is sorted by, which no other element has.
using Listed = std::pair<std::string, nlohmann::json>;

// One page of the call's listing. The listing's elements are sorted by their keys.
class Pager {
 public:
  // Throws ValidationError on a Marker of another listing.
  explicit Pager(const Call& call);

  // Where the page begins: behind this key.
  const std::string& after() const { return after_; }
  // How many elements from there on are enough: one more than the page shows.
  std::int64_t enough() const { return size_ + 1; }

  // output[member], IsTruncated, Marker. `items`: sorted; those up to after() are left out.
  nlohmann::json page(const char* member, std::vector<Listed> items) const;
  // The elements of the page; the rest of it goes to `output`.
  std::vector<Listed> take(std::vector<Listed> items, nlohmann::json& output) const;

 private:
  const Call& call_;
  std::string listing_;
  std::string after_;
  std::int64_t size_ = 100;  // IAM API Reference: "If you do not include this parameter, ... 100"
};

}  // namespace ecr::api::iam
