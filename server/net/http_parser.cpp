#include "server/net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "server/net/framing.h"

namespace ecr::server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

constexpr std::size_t kLastChunkBytes = std::string_view("0\r\n\r\n").size();
// A chunk extension means nothing to us; an endless one is an attack.
constexpr std::size_t kMaxChunkExtension = 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Collects the head in one arena and the body as views into what is being parsed.
class Parser : public http::basic_parser<true> {
 public:
  struct Field {
    std::size_t name, name_size, value, value_size;
  };

  std::string arena;
  std::size_t method_size = 0;
  std::size_t target_size = 0;
  int http_version = 0;
  std::vector<Field> fields;
  bool head_done = false;
  std::size_t trailer_bytes = 0;
  std::vector<std::string_view>* pieces = nullptr;

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
    if (head_done) {  // a trailer: dropped, it must not become a header
      trailer_bytes += name.size() + value.size();
      if (trailer_bytes > kMaxHeaderBytes) ec = http::error::header_limit;
      return;
    }
    if (fields.size() == kMaxHeaderFields) {
      ec = http::error::header_limit;
      return;
    }
    const std::size_t at = arena.size();
    arena.append(name.data(), name.size());
    arena.append(value.data(), value.size());
    fields.push_back({at, name.size(), at + name.size(), value.size()});
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}

  std::size_t on_body_impl(beast::string_view body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extensions, error_code& ec) override {
    if (extensions.size() > kMaxChunkExtension) ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

FramingError too_large(std::string_view head) {
  if (head.find('\n') > kMaxTargetBytes) return {414, "the URI is too long"};
  return {431, "the header is too large"};
}

FramingError to_error(const error_code& ec) {
  if (ec == http::error::header_limit) return {431, "the header is too large"};
  return {400, "not a valid HTTP request: " + ec.message()};
}

}  // namespace

struct RequestParser::Impl {
  Parser parser;
  // Of an incomplete head: what Beast has taken already, and does not want to see again.
  std::size_t head_used = 0;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(false);
  impl_->parser.header_limit(kMaxHeaderBytes);
  impl_->parser.body_limit(boost::none);  // limits are the route's, checked by the session
}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed_head(std::string_view bytes, std::optional<FramingError>& error) {
  error_code ec;
  const std::string_view rest = bytes.substr(impl_->head_used);
  try {  // Beast throws std::length_error for some oversized input
    impl_->head_used += impl_->parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
  } catch (const std::exception&) {
    error = FramingError{400, "not a valid HTTP request"};
    return 0;
  }
  if (ec == http::error::need_more) {
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
  error = check_framing(head());
  return impl_->head_used;
}

std::size_t RequestParser::feed_body(std::string_view bytes, std::vector<std::string_view>& pieces,
                                     std::optional<FramingError>& error) {
  impl_->parser.pieces = &pieces;
  std::size_t consumed = 0;
  try {
    while (!impl_->parser.is_done() && consumed < bytes.size()) {
      // What is left of a chunked body is never shorter than its last chunk, and Beast asserts that
      // it sees all of that.
      if (impl_->parser.chunked() && bytes.size() - consumed < kLastChunkBytes) break;
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
bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::has_body() const {
  return impl_->parser.chunked() || impl_->parser.content_length().value_or(0) > 0;
}
std::optional<std::uint64_t> RequestParser::content_length() const {
  if (impl_->parser.chunked()) return std::nullopt;
  return impl_->parser.content_length().value_or(0);
}
bool RequestParser::expects_continue() const {
  for (const auto& [name, value] : head().fields) {
    if (is_field(name, "expect")) return is_field(value, "100-continue");
  }
  return false;
}

RequestHead RequestParser::head() const {
  const Parser& parser = impl_->parser;
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

}  // namespace ecr::server
