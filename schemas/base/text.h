// Text: formatting, joining, replacing, and "did you mean". Pure.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

namespace ecr::base {

// Formats by fmt's rules. The format string is checked by the compiler; the work is done in one
// place (text.cpp), because fmt's own code in every unit cost a fifth of the build.
std::string format_values(fmt::string_view text, fmt::format_args values);

template <typename... Values>
std::string format(fmt::format_string<Values...> text, Values&&... values) {
  return format_values(text, fmt::make_format_args(values...));
}

// Formats, and writes to the file or to standard output.
template <typename... Values>
void print(std::FILE* file, fmt::format_string<Values...> text, Values&&... values) {
  const std::string out = format_values(text, fmt::make_format_args(values...));
  std::fwrite(out.data(), 1, out.size(), file);
}

template <typename... Values>
void print(fmt::format_string<Values...> text, Values&&... values) {
  const std::string out = format_values(text, fmt::make_format_args(values...));
  std::fwrite(out.data(), 1, out.size(), stdout);
}

// The elements of a list of strings with the separator between them.
template <typename List>
std::string join(const List& list, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& element : list) {
    if (!first) out += separator;
    first = false;
    out += element;
  }
  return out;
}

// "1 problem", "2 problems"; `plural` where it does not end in "s" alone: "1 policy", "2 policies".
std::string counted(std::uint64_t number, std::string_view noun, std::string_view plural = {});

// Replaces each occurrence of `what`, from left to right; the inserted text is not searched again.
void replace_all(std::string& text, std::string_view what, std::string_view with);

// "localhost" of "localhost:4599", "[::1]" of "[::1]:4599".
std::string_view without_port(std::string_view host);

// Returns the known word that needs the fewest edits; empty: no word is near.
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

// ", did you mean listen?", or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);
// Matches ECR's own patterns (filters of tag mutability, tag patterns of lifecycle rules, ...): '*'
// means any run of characters, also none; every other character means itself.
bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace ecr::base
