// The query parameters of /_ecr-local/: each at most once, none that is not known, and every error
// names the parameter. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "api/core/wire/page_token.h"
#include "schemas/base/clock.h"

namespace ecr::api::admin {

// "limit: must be a number from 1 to 1000".
class QueryError : public std::runtime_error {
 public:
  QueryError(const std::string& parameter, const std::string& what)
      : std::runtime_error(parameter + ": " + what) {}
};

// Every take_ throws QueryError; what has been taken is known.
class QueryParameters {
 public:
  explicit QueryParameters(std::string_view query);

  // nullopt: not given. Given, it is not empty.
  std::optional<std::string> take(const std::string& name);
  // REQUIRES: `choices` is a list as the error shows it: "allowed, all".
  std::optional<std::string> take_choice(const std::string& name, std::string_view choices);
  bool take_flag(const std::string& name);  // "true" or "false"; not given: false
  std::optional<std::uint64_t> take_number(const std::string& name, std::uint64_t least,
                                           std::uint64_t most);
  std::optional<base::TimePoint> take_time(const std::string& name);  // ISO 8601

  // Throws where something was given and not taken.
  void finish() const;

 private:
  std::map<std::string, std::string> values_;
};

// The page of `limit` elements that begins where `token` says. Throws QueryError where the token is
// not of this listing.
Page requested_page(const PageKey& key, const std::string& listing, std::size_t limit,
                    const std::optional<std::string>& token);

}  // namespace ecr::api::admin
