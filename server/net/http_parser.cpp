#include "server/net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "schemas/base/encoding.h"

namespace ecr::server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

constexpr std::size_t kLastChunkBytes = std::string_view("0\r\n\r\n").size();
// A chunk extension means nothing to us; an endless one is an attack.
constexpr std::size_t kMaxChunkExtension = 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// The common part of requests and responses: it collects the pieces of the body, and limits what
// Beast does not limit. INVARIANT: `pieces` points to the vector of the feed call that is running.
// Beast calls the functions below only within put().
template <bool is_request>
class MessageParser : public http::basic_parser<is_request> {
 public:
  std::vector<std::string_view>* pieces = nullptr;
  bool head_done = false;

 protected:
  // Beast reports the fields of a trailer like those of the head. They are dropped: a trailer must
  // not become a header after the headers were checked.
  bool is_trailer(beast::string_view name, beast::string_view value, error_code& ec) {
    if (!head_done) return false;
    trailer_bytes_ += name.size() + value.size();
    // Beast's header_limit covers the head alone; without this a trailer could go on for ever
    // (integration/test_abuse_http.py, test_a6_large_trailers).
    if (trailer_bytes_ > kMaxHeaderBytes) ec = http::error::header_limit;
    return true;
  }

 private:
  void on_header_impl(error_code&) override { head_done = true; }
  // Beast announces the length of the body here; the callers ask content_length() instead.
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extensions, error_code& ec) override {
    // Each chunk has its own extension, so the limit is per chunk; the bytes of a million chunks of
    // one byte count as received bytes like any others.
    if (extensions.size() > kMaxChunkExtension) ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  std::size_t trailer_bytes_ = 0;
};

// Collects the head of a request in one arena. The arena keeps offsets instead of views: a view
// would dangle when the string grows.
class RequestCollector : public MessageParser<true> {
 public:
  struct Field {
    std::size_t name, name_size, value, value_size;
  };

  std::string arena;
  std::size_t method_size = 0;
  std::size_t target_size = 0;
  int http_version = 0;
  std::vector<Field> fields;

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    arena.assign(method.data(), method.size());
    arena.append(target.data(), target.size());
    method_size = method.size();
    target_size = target.size();
    http_version = version;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}

  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (is_trailer(name, value, ec)) return;
    // Beast limits the bytes of a head and not its fields. Their number bounds the work of
    // check_duplicates().
    if (fields.size() == kMaxHeaderFields) {
      ec = http::error::header_limit;
      return;
    }
    const std::size_t at = arena.size();
    arena.append(name.data(), name.size());
    arena.append(value.data(), value.size());
    fields.push_back({at, name.size(), at + name.size(), value.size()});
  }
};

// A response is not checked by the gate: it comes from a server that this one asked, on a
// connection that carries no second message.
class ResponseCollector : public MessageParser<false> {
 public:
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, error_code&) override { status = code; }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (is_trailer(name, value, ec)) return;
    // Field names have no case (RFC 9110, 5.1); lower case lets readers compare them as they are.
    headers.emplace_back(base::to_lower(std::string(view(name))), std::string(view(value)));
  }
};

// The rest of a chunked body is never shorter than its last chunk, and Beast asserts that it
// sees all of that at once.
template <typename Parser>
bool needs_more_of_chunk(const Parser& parser, std::size_t available) {
  return parser.head_done && parser.chunked() && available < kLastChunkBytes;
}

// RFC 9110, 15.5.15: 414 where the first line alone is too long. RFC 6585, 5: 431 where the fields
// are.
FramingError too_large(std::string_view head) {
  if (head.find('\n') > kMaxTargetBytes) return {414, "the URI is too long"};
  return {431, "the header is too large"};
}

// Beast joins the lines of a folded field, other servers do not: a Transfer-Encoding whose value is
// in the second line would have two readings. A server refuses such a message (RFC 9112, 5.2).
bool has_folded_field(std::string_view head) {
  return head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos;
}

// The text goes to the client, so it names what is wrong with the message and nothing of this
// server.
FramingError to_error(const error_code& ec) {
  if (ec == http::error::header_limit) return {431, "the header is too large"};
  return {400, "not a valid HTTP request: " + ec.message()};
}

}  // namespace

struct RequestParser::Impl {
  RequestCollector parser;
  // How much of an incomplete head Beast has taken already, and must not see again.
  std::size_t head_used = 0;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(false);  // the head passes the gate before a byte of the body is parsed
  impl_->parser.header_limit(kMaxHeaderBytes);
  impl_->parser.body_limit(boost::none);  // the route has a limit; the connection checks it
}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed_head(std::string_view bytes, std::optional<FramingError>& error) {
  error_code ec;
  const std::string_view rest = bytes.substr(impl_->head_used);
  try {  // Beast throws std::length_error for some oversized input
    // put() returns how much it took, also of a head that is not complete yet.
    // Framing.AHeadMayComeInAnyTwoPieces cuts a head at every place.
    impl_->head_used += impl_->parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
  } catch (const std::exception&) {
    error = FramingError{400, "not a valid HTTP request"};
    return 0;
  }
  if (ec == http::error::need_more) {
    // The limit also holds for a head that is not complete, as one line without an end.
    if (bytes.size() >= kMaxHeaderBytes) error = too_large(bytes);
    return 0;
  }
  if (ec == http::error::header_limit) {
    error = too_large(bytes);
    return 0;
  }
  if (ec) {
    error = to_error(ec);
    return 0;
  }
  // Also for an error the head counts as taken; the caller looks at `error` first.
  if (has_folded_field(bytes.substr(0, impl_->head_used))) {
    error = FramingError{400, "a header field continues on the next line"};
    return impl_->head_used;
  }
  error = check_framing(head());
  return impl_->head_used;
}

std::size_t RequestParser::feed_body(std::string_view bytes, std::vector<std::string_view>& pieces,
                                     std::optional<FramingError>& error) {
  // The loop goes on as long as whole steps fit into `bytes`, because Beast returns after each
  // chunk. ChunkedBody.ArrivesWholeHoweverItIsCut cuts a body at every place.
  impl_->parser.pieces = &pieces;
  std::size_t consumed = 0;
  try {
    while (!impl_->parser.is_done() && consumed < bytes.size()) {
      if (needs_more_of_chunk(impl_->parser, bytes.size() - consumed)) break;
      error_code ec;
      const std::size_t n = impl_->parser.put(
          boost::asio::const_buffer(bytes.data() + consumed, bytes.size() - consumed), ec);
      consumed += n;
      if (ec == http::error::need_more || (!ec && n == 0)) break;
      if (ec) {
        error = to_error(ec);
        break;
      }
    }
  } catch (const std::exception&) {
    error = FramingError{400, "not a valid HTTP body"};
  }
  return consumed;
}

bool RequestParser::done() const { return impl_->parser.is_done(); }
// HTTP/1.1 keeps a connection unless it says close, HTTP/1.0 ends it unless it says keep-alive (RFC
// 9112, 9.3). Beast has applied that.
bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::has_body() const {
  return impl_->parser.chunked() || impl_->parser.content_length().value_or(0) > 0;
}
// A request with neither length nor chunks has no body (RFC 9112, 6.3), so 0 is the answer there.
std::optional<std::uint64_t> RequestParser::content_length() const {
  if (impl_->parser.chunked()) return std::nullopt;
  return impl_->parser.content_length().value_or(0);
}
// RFC 9110, 10.1.1 defines no other expectation. An unknown one is ignored.
bool RequestParser::expects_continue() const {
  // check_framing() let at most one Expect pass.
  for (const auto& [name, value] : head().fields) {
    if (is_field(name, "expect")) return is_field(value, "100-continue");
  }
  return false;
}

RequestHead RequestParser::head() const {
  const RequestCollector& parser = impl_->parser;
  const std::string_view text = parser.arena;
  RequestHead head;
  head.method = text.substr(0, parser.method_size);
  head.target = text.substr(parser.method_size, parser.target_size);
  head.version = parser.http_version;
  head.fields.reserve(parser.fields.size());
  for (const auto& field : parser.fields) {
    head.fields.emplace_back(text.substr(field.name, field.name_size),
                             text.substr(field.value, field.value_size));
  }
  return head;
}

struct ResponseParser::Impl {
  ResponseCollector parser;
};

ResponseParser::ResponseParser(std::size_t header_limit, std::optional<std::uint64_t> body_limit)
    : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(false);  // the caller sees the head before the first piece of the body
  impl_->parser.header_limit(static_cast<std::uint32_t>(header_limit));
  if (body_limit) {
    impl_->parser.body_limit(*body_limit);
  } else {
    impl_->parser.body_limit(boost::none);
  }
}
ResponseParser::~ResponseParser() = default;

std::size_t ResponseParser::feed(std::string_view bytes, std::vector<std::string_view>& pieces,
                                 std::optional<std::string>& error) {
  impl_->parser.pieces = &pieces;
  // Without bytes there is nothing to parse; the end of the connection is told by end().
  if (bytes.empty() || needs_more_of_chunk(impl_->parser, bytes.size())) return 0;
  error_code ec;
  std::size_t consumed = 0;
  try {  // Beast throws std::length_error for some oversized input
    consumed = impl_->parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  } catch (const std::exception& failure) {
    error = failure.what();
    return 0;
  }
  if (ec && ec != http::error::need_more) error = ec.message();
  return consumed;
}

// RFC 9112, 6.3: without a length and without chunks, a response's body ends with the connection.
bool ResponseParser::end() {
  error_code ec;
  impl_->parser.put_eof(ec);
  return !ec && impl_->parser.is_done();
}

bool ResponseParser::has_head() const { return impl_->parser.head_done; }
bool ResponseParser::done() const { return impl_->parser.is_done(); }
int ResponseParser::status() const { return impl_->parser.status; }
const std::vector<std::pair<std::string, std::string>>& ResponseParser::headers() const {
  return impl_->parser.headers;
}

}  // namespace ecr::server
