// The JSON in the body of a request to /_ecr-local/, read member by member: whatever cannot be used
// throws ParameterError with the path of the value ("changes[0].document: must be ..."). Borrows
// the document.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "schemas/base/json.h"

namespace ecr::api::admin {

// The object in the body. Throws ParameterError where it is none.
base::OrderedJson read_body(std::string_view body);

class BodyNode {
 public:
  BodyNode(const base::OrderedJson& value, std::string path)
      : value_(value), path_(std::move(path)) {}

  // Fails on a member that is not in the list: a mistyped name would otherwise be ignored.
  void check_members(std::initializer_list<std::string_view> known) const;
  // Absent and null are the same.
  bool has(std::string_view member) const;
  BodyNode member(std::string_view member) const;   // required
  std::string text(std::string_view member) const;  // required, not empty
  std::optional<std::string> optional_text(std::string_view member) const;
  std::string choice(std::string_view member, const std::vector<std::string>& choices) const;
  std::int64_t number(std::string_view member, std::int64_t fallback, std::int64_t least,
                      std::int64_t most) const;
  // A document, given as an object or as its text, of at most `most` bytes.
  std::string document(std::string_view member, std::size_t most) const;
  // Calls visit(BodyNode) for each element of a list of at most `most`; not at all where it is
  // absent.
  void each(std::string_view member, std::size_t most,
            const std::function<void(const BodyNode&)>& visit) const;
  // A list of 1 to `most` texts, none of them empty.
  std::vector<std::string> texts(std::string_view member, std::size_t most) const;

  const base::OrderedJson& json() const { return value_; }
  const std::string& path() const { return path_; }  // empty: the body itself
  std::string path_of(std::string_view member) const;
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  const base::OrderedJson& value_;
  const std::string path_;
};

}  // namespace ecr::api::admin
