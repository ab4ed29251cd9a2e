// Paging: every listing of every plane goes through Page and its tokens (nextToken, Marker,
// NextToken, a strict registry's `last`). A token is a position in a listing, opaque and
// unforgeable, and bound to the listing it came from. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecr::api {

using PageKey = std::array<std::uint8_t, 32>;
// The sort key of an element of a listing, in as many parts as it has.
using PagePosition = std::vector<std::string>;

// `listing` says which listing this is: operation, caller's account, registry, filters.
std::string make_page_token(const PageKey& key, std::string_view listing,
                            const PagePosition& position);
// nullopt: forged, damaged, or of another listing.
std::optional<PagePosition> read_page_token(const PageKey& key, std::string_view listing,
                                            std::string_view token);

// The page of a listing that a request asks for. How it is used:
//
//   Page page(key, listing, size);
//   if (!token.empty() && !page.resume(token)) throw ...;    // the service's own error
//   auto rows = query(page.after(), page.query_limit());     // one row more than the page shows
//   if (auto next = page.cut(rows, [](const auto& row) { return row.name; })) output["nextToken"] =
//   *next;
class Page {
 public:
  // `key` outlives the page. `size`: how many elements the page shows.
  Page(const PageKey& key, std::string listing, std::int64_t size)
      : key_(&key), listing_(std::move(listing)), size_(size) {}

  // The page begins behind the position in `token`. False: the token is forged, damaged, or of
  // another listing.
  [[nodiscard]] bool resume(std::string_view token);
  // The page begins behind this position, which the client gave without a token.
  void start_after(std::string position) { after_ = {std::move(position)}; }
  // A smaller page than the request asks for.
  void limit_to(std::int64_t size) { size_ = size < size_ ? size : size_; }

  std::int64_t size() const { return size_; }
  // One more than the page shows: the additional element says that there is another page.
  std::int64_t query_limit() const { return size_ + 1; }
  // A part of the position that the page begins behind; empty: the page is the first.
  std::string after(std::size_t part = 0) const;
  // The same of a listing whose positions are numbers; `first`: the page is the first.
  std::int64_t after_number(std::int64_t first = 0) const;

  // The page of a listing of `total` elements whose positions are their indexes.
  struct Slice {
    std::size_t begin;
    std::size_t end;  // less than `total`: there is another page, behind the position `end`
  };
  Slice slice(std::size_t total) const;

  // The token of the page behind that position.
  std::string token_after(const PagePosition& position) const;
  std::string token_after(std::string position) const;
  std::string token_after(std::int64_t position) const;

  // Takes away the elements that the page does not show. True: there is another page. A page of
  // size 0 has no position that another could begin behind.
  template <typename T>
  bool trim(std::vector<T>& elements) const {
    const auto size = static_cast<std::size_t>(size_);
    if (elements.size() <= size) return false;
    elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(size), elements.end());
    return size > 0;
  }
  // trim(), and the token of the next page; nullopt: this page is the last. `position_of` says the
  // position of an element.
  template <typename T, typename PositionOf>
  std::optional<std::string> cut(std::vector<T>& elements, PositionOf position_of) const {
    if (!trim(elements)) return std::nullopt;
    return token_after(position_of(elements.back()));
  }

 private:
  const PageKey* key_;
  std::string listing_;
  std::int64_t size_;
  PagePosition after_;  // empty: from the start
};

}  // namespace ecr::api
