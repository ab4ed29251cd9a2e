// A connection's bytes as HTTP requests, one after the other: however the network cuts them, the
// same requests come out, and what passes the gate is unambiguous.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "schemas/base/encoding.h"
#include "server/net/http_parser.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::server;
using ecr::fuzz::require;

constexpr int kMaxRequests = 8;

struct Parsed {
  std::string head;  // method, target, version and fields, as the parser reports them
  std::string body;
  bool chunked = false;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

struct Transcript {
  std::vector<Parsed> requests;
  int error = 0;         // the status of the refusal that ended it
  bool in_body = false;  // the refusal's place, or the last request is not complete
  std::string unread;    // behind the last complete request, where nothing was refused
  friend bool operator==(const Transcript&, const Transcript&) = default;
};

// The same requests, and the same end. What is refused when it comes at once may, when it comes in
// pieces, still wait for its end: Beast looks no further into a head before that is there.
bool agree(const Transcript& a, const Transcript& b) {
  if (a.requests != b.requests) return false;
  const auto waits = [](const Transcript& t) {
    return t.error == 0 && (t.in_body || !t.unread.empty());
  };
  if ((a.error != 0 && waits(b)) || (b.error != 0 && waits(a))) return true;
  return a == b;
}

bool same(std::string_view name, std::string_view lower) {
  return ecr::base::equals_ignore_case(name, lower);
}

// A request that a second server in front of or behind this one cannot read differently.
void check_head(const RequestParser& parser, const RequestHead& head) {
  int hosts = 0, lengths = 0, encodings = 0;
  for (const auto& [name, value] : head.fields) {
    require(!name.empty(), "a field has a name");
    require(name.find_first_of(" \t\r\n:") == std::string_view::npos, "a name is a token");
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "a value is one line");
    hosts += same(name, "host");
    lengths += same(name, "content-length");
    encodings += same(name, "transfer-encoding");
  }
  require(hosts == 1, "one Host");
  require(lengths + encodings <= 1, "one framing");
  require(head.target.starts_with('/'), "the target is a path");
  require(!head.method.empty(), "there is a method");
  require(parser.content_length().has_value() == (encodings == 0), "chunked is what says so");
  require(lengths == 0 ? parser.content_length().value_or(0) == 0 : true,
          "no body without framing");
  require(parser.has_body() || parser.done(), "without a body the head is all");
  require(!check_framing(head), "what passed the gate passes it");
}

std::string to_text(const RequestHead& head) {
  std::string text(head.method);
  text.append(" ")
      .append(head.target)
      .append(head.version == 11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const auto& [name, value] : head.fields) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text.append("\r\n");
}

// Plays a connection: bytes come in pieces of the sizes that `next_size` says.
Transcript play(std::string_view input, const std::function<std::size_t()>& next_size) {
  Transcript result;
  std::string buffer;
  const auto fill = [&] {
    const std::size_t n = std::min(std::max<std::size_t>(next_size(), 1), input.size());
    buffer.append(input.substr(0, n));
    input.remove_prefix(n);
    return n > 0;
  };
  while (result.requests.size() < kMaxRequests) {
    RequestParser parser;
    std::optional<FramingError> error;
    std::size_t used = 0;
    while (used == 0) {
      if (!buffer.empty()) used = parser.feed_head(buffer, error);
      if (error) {
        result.error = error->status;
        return result;
      }
      if (used == 0 && !fill()) {
        result.unread = buffer;
        return result;
      }
    }
    require(used <= buffer.size(), "no more is used than there is");
    buffer.erase(0, used);
    const RequestHead head = parser.head();
    check_head(parser, head);
    Parsed request{to_text(head), "", !parser.content_length().has_value()};
    while (!parser.done()) {
      // A copy with its end known to the sanitizer, so that views behind it are found.
      const std::vector<char> bytes(buffer.begin(), buffer.end());
      std::vector<std::string_view> pieces;
      used = parser.feed_body({bytes.data(), bytes.size()}, pieces, error);
      for (const std::string_view piece : pieces) request.body.append(piece);
      if (error) {
        result.error = error->status;
        result.in_body = true;
        return result;
      }
      require(used <= buffer.size(), "no more is used than there is");
      buffer.erase(0, used);
      if (!parser.done() && !fill()) {
        result.in_body = true;
        return result;
      }
    }
    require(to_text(parser.head()) == request.head, "trailers are no fields");
    const auto length = parser.content_length();
    require(!length || *length == request.body.size(), "the body is as long as it says");
    result.requests.push_back(std::move(request));
  }
  return result;
}

// A parsed request that is written in the plainest form is parsed the same.
void check_plain_form(const Transcript& transcript) {
  std::string plain;
  for (const Parsed& request : transcript.requests) {
    plain += request.head;
    if (!request.chunked) {
      plain += request.body;
      continue;
    }
    if (!request.body.empty()) {
      static constexpr char kDigits[] = "0123456789abcdef";
      std::string size;
      for (std::size_t n = request.body.size(); n > 0; n /= 16) size.insert(0, 1, kDigits[n % 16]);
      plain += size + "\r\n" + request.body + "\r\n";
    }
    plain += "0\r\n\r\n";
  }
  const Transcript again = play(plain, [&] { return plain.size(); });
  require(again.requests == transcript.requests && again.unread.empty() && again.error == 0,
          "what was understood is written and understood the same");
}

}  // namespace

ECR_FUZZ_TARGET(http) {
  const std::string_view input = ecr::fuzz::as_text(data, size);
  const Transcript whole = play(input, [&] { return size; });
  if (size <= 4096) {
    require(agree(play(input, [] { return std::size_t{1}; }), whole), "byte by byte is the same");
  }
  std::uint64_t state = std::hash<std::string_view>{}(input);
  const auto random_size = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state >> 58);
  };
  require(agree(play(input, random_size), whole), "cut anywhere is the same");
  check_plain_form(whole);
  return 0;
}
