#include "auth/sigv4/canonical_request.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>

#include <openssl/crypto.h>

#include "schemas/base/encoding.h"

namespace ecr::auth {
namespace {

constexpr std::string_view kHexUpper = "0123456789ABCDEF";

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Space, and tab to carriage return. botocore folds header values by Python's str.split(), which
// takes all of these for white space.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// RFC 3986 section 2.3. AWS encodes every other byte ("Create a signed AWS API request",
// UriEncode).
constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// AWS wants the hexadecimal digits in upper case; the signature covers them.
void append_byte(std::string& out, char c, char also_kept) {
  if (is_unreserved(c) || c == also_kept) {
    out.push_back(c);
    return;
  }
  const auto byte = static_cast<std::uint8_t>(c);
  out.push_back('%');
  out.push_back(kHexUpper[byte >> 4]);
  out.push_back(kHexUpper[byte & 15]);
}

void append_encoded(std::string& out, std::string_view text, char also_kept) {
  for (const char c : text) append_byte(out, c, also_kept);
}

// The byte at `at`, and the length of its spelling: an escape such as "%2F" counts as the byte that
// it stands for. A '%' without two hexadecimal digits is a plain character.
struct Decoded {
  char byte;
  std::size_t length;
};
Decoded decode_at(std::string_view text, std::size_t at) {
  if (text[at] == '%' && at + 2 < text.size()) {
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    if (high >= 0 && low >= 0) return {static_cast<char>(high * 16 + low), 3};
  }
  return {text[at], 1};
}

// Every spelling of the same bytes becomes the same text, with one exception: a literal character
// of `also_kept` stays, and its escape stays an escape. In queries this is '+': a reader of the
// query may take '+' for a space but never "%2B", so the two must not share a signature. In paths
// it is '/'.
void append_reencoded(std::string& out, std::string_view text, char also_kept) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [byte, length] = decode_at(text, at);
    append_byte(out, byte, length == 1 ? also_kept : '\0');
    at += length;
  }
}

// Removes dot segments (RFC 3986 section 5.2.4) and takes a run of slashes for one, as botocore
// does and as AWS says of every service but S3. A ".." above the root is dropped.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out;
  out.reserve(path.size());
  for (const std::string_view segment : kept) out.append(1, '/').append(segment);
  // A slash at the end is kept: "/a/" and "/a" are different resources.
  if (out.empty() || path.back() == '/') out.push_back('/');
  return out;
}

// The header block of the canonical request: lower-case names, values with their runs of white
// space as one space, equal names joined by ',' in order of arrival. False where a listed header is
// not in the request: an intermediary may have removed it, so it must not count as empty.
bool append_headers(std::string& out, const CanonicalInput& input) {
  std::string_view previous;
  for (const std::string_view name : input.signed_headers) {
    // Strictly ascending and in lower case: the list has one spelling, and no header is listed
    // twice.
    const bool canonical =
        !name.empty() && name > previous &&
        std::none_of(name.begin(), name.end(), [](char c) { return c != lower(c); });
    const auto found = input.headers.find(name);
    if (!canonical || found.empty()) return false;
    out.append(name).push_back(':');
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (i != 0) out.push_back(',');
      bool started = false;
      bool gap = false;
      for (const char c : found[i]->second) {
        if (is_space(c)) {
          gap = true;
          continue;
        }
        if (gap && started) out.push_back(' ');
        out.push_back(c);
        started = true;
        gap = false;
      }
    }
    out.push_back('\n');
    previous = name;
  }
  return true;
}

}  // namespace

bool header_name_less(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<std::uint8_t>(lower(x)) < static_cast<std::uint8_t>(lower(y));
  });
}

HeaderIndex::HeaderIndex(std::span<const HeaderView> headers) {
  sorted_.reserve(headers.size());
  for (const HeaderView& header : headers) sorted_.push_back(&header);
  // std::sort is not stable. All pointers point into one array, so comparing them keeps headers of
  // the same name in order of arrival, which is the order of their joined values.
  std::sort(sorted_.begin(), sorted_.end(), [](const HeaderView* a, const HeaderView* b) {
    if (header_name_less(a->first, b->first)) return true;
    return a < b && !header_name_less(b->first, a->first);
  });
}

std::span<const HeaderView* const> HeaderIndex::find(std::string_view name) const {
  const auto first = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                      [](const HeaderView* header, std::string_view n) {
                                        return header_name_less(header->first, n);
                                      });
  auto last = first;
  while (last != sorted_.end() && !header_name_less(name, (*last)->first)) ++last;
  return {first, last};
}

std::string canonical_path(std::string_view path, bool normalize) {
  if (path.empty() || path == "/") return "/";
  std::string out;
  out.reserve(path.size() + 16);
  if (normalize) {
    // The path on the wire is encoded once already; every service but S3 signs it encoded twice
    // (AWS IAM User Guide, "Create a signed AWS API request", canonical URI).
    append_encoded(out, remove_dot_segments(path), '/');
  } else {
    // S3's rule: the path is encoded once, and its dot segments and slashes stay. They are parts of
    // an object's key.
    append_reencoded(out, path, '/');
  }
  return out;
}

std::string canonical_query(std::string_view query, QueryForm form, bool omit_token) {
  std::string out;
  if (query.empty()) return out;
  // All text is in one buffer. The pairs are offsets into it, because views would dangle when the
  // buffer grows.
  struct Pair {
    std::size_t begin, equals, end;
  };
  std::string text;
  // The worst case: every byte becomes an escape.
  text.reserve(query.size() * 3);
  std::vector<Pair> pairs;
  const auto append = [&](std::string_view part) {
    if (form == QueryForm::kAsWritten) {
      text.append(part);
    } else {
      append_reencoded(text, part, '+');
    }
  };
  for (std::size_t at = 0; at <= query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view item = query.substr(at, end - at);
    at = end + 1;
    // botocore keeps the empty pair of "a&&b" and signs it as "=". That AWS's rule drops it is
    // inferred.
    if (item.empty() && form == QueryForm::kNormalized) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::size_t begin = text.size();
    append(item.substr(0, equals));
    const std::size_t middle = text.size();
    const std::string_view name = std::string_view(text).substr(begin);
    // The signature cannot cover itself.
    if (name == "X-Amz-Signature" || (omit_token && name == "X-Amz-Security-Token")) {
      text.resize(begin);
      continue;
    }
    if (equals < item.size()) append(item.substr(equals + 1));
    pairs.push_back({begin, middle, text.size()});
  }
  const std::string_view all = text;
  const auto key = [all](const Pair& p) {
    return std::tuple(all.substr(p.begin, p.equals - p.begin),
                      all.substr(p.equals, p.end - p.equals));
  };
  // AWS sorts the encoded text, by name and then by value. Sorting before the encoding would give
  // another order, as '%' comes before all letters.
  std::sort(pairs.begin(), pairs.end(),
            [&](const Pair& a, const Pair& b) { return key(a) < key(b); });
  out.reserve(text.size() + 2 * pairs.size());
  for (const Pair& pair : pairs) {
    const auto [name, value] = key(pair);
    if (!out.empty()) out.push_back('&');
    // A parameter without '=' gets one: it has an empty value ("canonical query string").
    out.append(name).append(1, '=').append(value);
  }
  return out;
}

// The six parts in AWS's order: method, path, query, headers, the list of header names, payload
// hash. An empty line is between the headers and the list.
std::optional<std::string> canonical_request(const CanonicalInput& input) {
  std::string out;
  out.reserve(1024 + input.query.size());
  out.append(input.method).push_back('\n');
  out.append(canonical_path(input.path, input.normalize_path)).push_back('\n');
  out.append(canonical_query(input.query, input.query_form, input.omit_token)).push_back('\n');
  if (!append_headers(out, input)) return std::nullopt;
  out.push_back('\n');
  for (std::size_t i = 0; i < input.signed_headers.size(); ++i) {
    if (i != 0) out.push_back(';');
    out.append(input.signed_headers[i]);
  }
  out.append(1, '\n').append(input.payload_hash);
  return out;
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request) {
  std::string out;
  // 67: three line ends and the 64 digits of the hash.
  out.reserve(kAlgorithm.size() + timestamp.size() + scope.size() + 67);
  out.append(kAlgorithm).append(1, '\n').append(timestamp).append(1, '\n');
  out.append(scope).append(1, '\n').append(base::to_hex(model::sha256(canonical_request)));
  return out;
}

// The key depends on the day, the region and the service of the scope: a leaked one is good for
// these alone. The copy of the secret is wiped.
model::Sha256 derive_signing_key(std::string_view secret, std::string_view date,
                                 std::string_view region, std::string_view service) {
  std::string first = "AWS4";
  // A string that grows would leave a part of the secret in freed memory.
  first.reserve(first.size() + secret.size());
  first.append(secret);
  model::Sha256 key = model::hmac_sha256(base::as_bytes(first), date);
  OPENSSL_cleanse(first.data(), first.size());
  for (const std::string_view part : {region, service, kTerminator}) {
    key = model::hmac_sha256(key, part);
  }
  return key;
}

void append_decoded(std::vector<char>& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [byte, length] = decode_at(text, at);
    out.push_back(byte);
    at += length;
  }
}

}  // namespace ecr::auth
