#include "api/core/wire/json_text.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api {
namespace {

// Stands for itself in a JSON string. No function: each character of a log line goes through it.
constexpr auto is_plain = [](char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  // The usual text needs no escaping and is copied; any other takes the way through nlohmann's
  // tree, so that both ways give the same bytes (test: units_test.cpp).
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    out += base::dump(base::Json(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void JsonObjectText::name(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(out_, name);
  out_ += ':';
}

void JsonObjectText::text(std::string_view key, std::string_view value) {
  name(key);
  append_json_string(out_, value);
}

void JsonObjectText::flag(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }

void JsonObjectText::raw(std::string_view key, std::string_view json) {
  name(key);
  out_ += json;
}

}  // namespace ecr::api
