// IAM's pages: Marker, MaxItems, IsTruncated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/page_token.h"

namespace ecr::api::iam {

// An element of a listing and what it is sorted by, which no other element has.
using Listed = std::pair<std::string, nlohmann::json>;

// The page that Marker and MaxItems ask for, of the listing that the request's other parameters
// say.
// nullopt: the Marker is of another listing, which each operation has its own error for.
std::optional<Page> requested_page(const ApiRequest& request);

// One page of the request's listing. The listing's elements are sorted by their keys.
class Pager {
 public:
  // Throws ValidationError on a Marker of another listing.
  explicit Pager(const ApiRequest& request);

  // Where the page begins: behind this key.
  std::string after() const { return page_.after(); }
  // How many elements from there on are enough: one more than the page shows.
  std::int64_t enough() const { return page_.query_limit(); }

  // output[member], IsTruncated, Marker. `items`: sorted; those up to after() are left out.
  nlohmann::json page(const char* member, std::vector<Listed> items) const;
  // The elements of the page; the rest of it goes to `output`.
  std::vector<Listed> take(std::vector<Listed> items, nlohmann::json& output) const;

 private:
  Page page_;
};

}  // namespace ecr::api::iam
