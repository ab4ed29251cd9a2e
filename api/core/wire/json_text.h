// JSON text, written member by member: for what is written far more often than it is read, where
// making a tree first costs more than all the rest. Valid UTF-8 always, as base::dump() writes.
#pragma once

#include <string>
#include <string_view>

namespace ecr::api {

// `text` as a JSON string, with its quotes.
void append_json_string(std::string& out, std::string_view text);

// One object, at the end of `out`. INVARIANT: nothing else is appended to `out` until end().
class JsonObjectText {
 public:
  explicit JsonObjectText(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value);
  void flag(std::string_view name, bool value);
  // `json`: JSON text.
  void raw(std::string_view name, std::string_view json);
  // The name alone: its value is to be appended to `out` before the next member.
  void name(std::string_view name);
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace ecr::api
