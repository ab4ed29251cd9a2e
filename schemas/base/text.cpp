// fmt's code is compiled here alone. Debian's package has no archive for a program without shared
// libraries, and its header-only form is the same with every version.
#define FMT_HEADER_ONLY 1
#include "schemas/base/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace ecr::base {
namespace {

// Counts the insertions, deletions, replacements and swaps of neighbours that lead from one word to
// the other (restricted Damerau-Levenshtein). The table has the size of the product of the words;
// nearest_word() limits it.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({replaced, table[i - 1][j] + 1, table[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string format_values(fmt::string_view text, fmt::format_args values) {
  return fmt::vformat(text, values);
}

std::string counted(std::uint64_t number, std::string_view noun, std::string_view plural) {
  if (number == 1) return format("1 {}", noun);
  if (!plural.empty()) return format("{} {}", number, plural);
  return format("{} {}s", number, noun);
}

// The search goes on behind the text that was put in, so that `with` may contain `what`.
void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

std::string_view without_port(std::string_view host) {
  // An IPv6 address is in brackets, because it has colons of its own (RFC 3986 section 3.2.2).
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

std::string nearest_word(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return {};
  // A third of the letters may be wrong. A word further away would be a guess, and a wrong
  // suggestion is worse than none.
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& each : known) {
    const std::size_t needed = edits(word, each);
    if (needed >= fewest) continue;
    fewest = needed;
    found = each;
  }
  return found;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string found = nearest_word(word, known);
  return found.empty() ? "" : ", did you mean " + found + "?";
}

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  // Takes the leftmost place of each piece, because a place further right could not help a later
  // piece. Nothing is tried again, so the time is bounded by the product of the lengths.
  for (;;) {
    pattern.remove_prefix(star + 1);
    star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    // The last piece is anchored at the end. `text` has lost all that came before, so the pieces do
    // not overlap.
    if (star == std::string_view::npos) return text.ends_with(piece);
    const std::size_t at = text.find(piece);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + piece.size());
  }
}

}  // namespace ecr::base
