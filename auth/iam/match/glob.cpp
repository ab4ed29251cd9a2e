#include "auth/iam/match/glob.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <span>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

using Piece = Glob::Piece;
constexpr std::size_t kNotFound = std::string_view::npos;

constexpr std::size_t kBytes = 256;          // different values of a byte
constexpr std::size_t kPlainSearch = 4096;   // pairs of bytes: a shorter search needs no masks
constexpr std::size_t kNumberingSteps = 64;  // to find one character in the alphabet

// 64-bit words that have a bit for each of `size` bytes.
std::size_t words_of(std::size_t size) { return (size + 63) / 64; }

// In ASCII a byte is a character, and the bytes can be matched as they are.
bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// REQUIRES: the piece fits into the text at `at`.
bool equal_at(std::string_view text, std::size_t at, const Piece& piece) {
  if (piece.any.empty()) return text.compare(at, piece.text.size(), piece.text) == 0;
  for (std::size_t i = 0; i < piece.text.size(); ++i) {
    if (piece.any[i] == 0 && text[at + i] != piece.text[i]) return false;
  }
  return true;
}

// Shift-And (Baeza-Yates and Gonnet): one bit for each character of the piece, so that '?' costs
// nothing and a hostile piece ("?a?a?a...") cannot make the search quadratic (test:
// LinearOnHostilePatterns).
std::size_t find_with_any(std::string_view text, std::size_t from, const Piece& piece) {
  const std::size_t size = piece.text.size();
  if (size * (text.size() - from) <= kPlainSearch) {  // too short to be worth the masks
    for (std::size_t at = from; at + size <= text.size(); ++at) {
      if (equal_at(text, at, piece)) return at;
    }
    return kNotFound;
  }
  // Bit i of a byte's mask: the piece may have this byte at i. Bit i of the state: the last i + 1
  // bytes of the text match the first i + 1 of the piece. The words are one long number, so the bit
  // that leaves a word is carried into the next.
  const std::size_t words = words_of(size);
  std::vector<std::uint64_t> masks(kBytes * words, 0);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    if (piece.any[i] != 0) {
      for (std::size_t c = 0; c < kBytes; ++c) masks[c * words + i / 64] |= bit;
    } else {
      masks[static_cast<unsigned char>(piece.text[i]) * words + i / 64] |= bit;
    }
  }
  std::vector<std::uint64_t> state(words, 0);
  const std::uint64_t last = std::uint64_t{1} << ((size - 1) % 64);
  for (std::size_t at = from; at < text.size(); ++at) {
    const std::uint64_t* mask = &masks[static_cast<unsigned char>(text[at]) * words];
    std::uint64_t carry = 1;
    for (std::size_t w = 0; w < words; ++w) {
      const std::uint64_t next = (state[w] << 1) | carry;
      carry = state[w] >> 63;
      state[w] = next & mask[w];
    }
    if ((state[words - 1] & last) != 0) return at + 1 - size;
  }
  return kNotFound;
}

std::size_t find(std::string_view text, std::size_t from, const Piece& piece) {
  if (piece.text.empty()) return from;
  if (from + piece.text.size() > text.size()) return kNotFound;
  if (!piece.any.empty()) return find_with_any(text, from, piece);
  // glibc's memmem is a two-way search and linear; std::string_view::find is not, and clients write
  // the patterns.
  const void* hit =
      memmem(text.data() + from, text.size() - from, piece.text.data(), piece.text.size());
  return hit == nullptr ? kNotFound
                        : static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

// Takes the leftmost place of each piece in turn. Pieces have a fixed length, so a place further
// right could not help a later piece, and nothing is ever tried again.
bool match_pieces(std::span<const Piece> pieces, std::string_view text) {
  const Piece& first = pieces.front();
  if (pieces.size() == 1) return text.size() == first.text.size() && equal_at(text, 0, first);
  const Piece& last = pieces.back();
  // The anchored pieces must not overlap: "ab*ba" does not match "aba".
  if (text.size() < first.text.size() + last.text.size()) return false;
  const std::size_t end = text.size() - last.text.size();
  if (!equal_at(text, 0, first) || !equal_at(text, end, last)) return false;
  // The pieces between them are searched before the last one begins.
  const std::string_view middle = text.substr(0, end);
  std::size_t at = first.text.size();
  for (const Piece& piece : pieces.subspan(1, pieces.size() - 2)) {
    at = find(middle, at, piece);
    if (at == kNotFound) return false;
    at += piece.text.size();
  }
  return true;
}

// Gives every character of the pattern a byte of its own, so that '?' takes one character and not
// one byte of UTF-8. All characters that the pattern does not have share the byte 0: no piece asks
// for them but by '?'.
class Alphabet {
 public:
  // nullopt: the pattern has more different characters than there are bytes. `learn`: new
  // characters get a number.
  std::optional<std::string> number(std::string_view text, bool learn) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      // A lead byte and its continuation bytes. In bad UTF-8 this still ends and gives pieces of
      // bytes.
      while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
      const std::string_view character = text.substr(at, end - at);
      auto found = numbers_.find(character);
      if (found == numbers_.end() && learn) {
        if (numbers_.size() == 255) return std::nullopt;
        found = numbers_.emplace(character, static_cast<char>(numbers_.size() + 1)).first;
      }
      out.push_back(found == numbers_.end() ? '\0' : found->second);
      at = end;
    }
    return out;
  }

 private:
  std::map<std::string, char, std::less<>> numbers_;
};

// Matches a pattern with '?' against a text that is not ASCII, both rewritten in the alphabet of
// the pattern.
bool match_characters(std::span<const Piece> pieces, std::string_view text) {
  Alphabet alphabet;
  std::vector<Piece> numbered;
  for (const Piece& piece : pieces) {
    Piece& out = numbered.emplace_back();
    // The piece is rewritten run by run, because its '?' that are wildcards stand for no character.
    for (std::size_t at = 0; at < piece.text.size();) {
      const bool any = !piece.any.empty() && piece.any[at] != 0;
      std::size_t end = at + 1;
      while (!any && end < piece.text.size() && (piece.any.empty() || piece.any[end] == 0)) ++end;
      std::string run(1, '\0');
      if (!any) {
        auto numbers = alphabet.number(std::string_view(piece.text).substr(at, end - at), true);
        // More than 255 different characters in one pattern: '?' takes a byte then.
        if (!numbers) return match_pieces(pieces, text);
        run = std::move(*numbers);
      }
      out.text += run;
      out.any.append(run.size(), any ? '\1' : '\0');
      at = end;
    }
  }
  return match_pieces(numbered, *alphabet.number(text, false));
}

}  // namespace

void GlobText::add_pattern(std::string_view pattern) {
  text += pattern;
  for (const char c : pattern) wild.push_back(c == '*' || c == '?' ? '\1' : '\0');
}

void GlobText::add_literal(std::string_view literal) {
  text += literal;
  wild.append(literal.size(), '\0');
}

Glob::Glob(std::string_view pattern) {
  GlobText text;
  text.add_pattern(pattern);
  *this = Glob(text.text, text.wild);
}

// Most patterns of policies are a literal, "prefix*" or "*". These have kinds of their own, which
// one comparison decides.
Glob::Glob(std::string_view text, std::string_view wild) {
  const std::size_t first_wild = wild.find('\1');
  literal_ = text.substr(0, first_wild);
  if (first_wild == kNotFound) return;
  kind_ = Kind::kGeneral;
  pieces_.emplace_back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    Piece& piece = pieces_.back();
    if (wild[i] != 0 && text[i] == '*') {
      // "**" is "*": only the first and the last piece may be empty, where the pattern starts or
      // ends with '*'.
      if (pieces_.size() == 1 || !piece.text.empty()) pieces_.emplace_back();
      continue;
    }
    // `any` stays empty until the piece has its first '?': a piece without one is compared as a
    // whole.
    const bool any = wild[i] != 0;
    if (any && piece.any.empty()) piece.any.assign(piece.text.size(), '\0');
    piece.text.push_back(text[i]);
    if (any || !piece.any.empty()) piece.any.push_back(any ? '\1' : '\0');
    has_any_ = has_any_ || any;
  }
  if (pieces_.size() == 2 && !has_any_ && pieces_[1].text.empty()) {
    kind_ = literal_.empty() ? Kind::kEverything : Kind::kPrefix;
    pieces_.clear();
  }
  size_ = text.size();
  for (const Piece& piece : pieces_) {
    if (piece.any.empty()) continue;
    const auto wildcards =
        static_cast<std::size_t>(std::count(piece.any.begin(), piece.any.end(), 1));
    longest_any_ = std::max(longest_any_, piece.text.size());
    any_steps_ += kBytes * (words_of(piece.text.size()) + wildcards);
  }
}

// A byte of the text takes a step, or one for each word of the masks where '?' is searched for. A
// text that is not ASCII is numbered character by character first.
std::size_t Glob::steps(std::string_view text) const {
  std::size_t steps = text.size() + pieces_.size();
  if (!has_any_) return steps;
  if (longest_any_ * text.size() > kPlainSearch) {
    steps += any_steps_ + text.size() * words_of(longest_any_);
  } else {
    steps += longest_any_ * text.size();
  }
  if (!is_ascii(text)) steps += kNumberingSteps * (text.size() + size_);
  return steps;
}

bool Glob::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::kExact:
      return text == literal_;
    case Kind::kPrefix:
      return text.starts_with(literal_);
    case Kind::kEverything:
      return true;
    case Kind::kGeneral:
      break;
  }
  if (has_any_ && !is_ascii(text)) return match_characters(pieces_, text);
  return match_pieces(pieces_, text);
}

bool glob_match_ignore_case(std::string_view pattern, std::string_view text) {
  return Glob(base::to_lower(pattern)).matches(base::to_lower(text));
}

}  // namespace ecr::auth::iam
