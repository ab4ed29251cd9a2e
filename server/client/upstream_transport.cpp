#include "server/client/upstream_transport.h"

#include <array>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

namespace http = boost::beast::http;
using api::pull_through::ExchangeHead;
using api::pull_through::ExchangeRequest;
using api::pull_through::UpstreamError;
using api::pull_through::UpstreamFailure;
using boost::beast::error_code;
using UpstreamParser = http::response_parser<http::buffer_body>;

constexpr std::uint32_t kMostUpstreamHeaderBytes = 64u << 10;
constexpr std::size_t kPiece = 128u << 10;
constexpr int kMostInterim = 5;  // 1xx answers before the answer

[[noreturn]] void fail_upstream(const std::string& reason) {
  throw UpstreamError(UpstreamFailure::kUnavailable, "The upstream registry: " + reason);
}

std::string request_text(const ExchangeRequest& request) {
  std::string text = base::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ecr-local\r\n",
                                  request.url.target, request.url.authority());
  for (const auto& [name, value] : request.headers) {
    text += base::format("{}: {}\r\n", name, value);
  }
  return text + "Connection: close\r\n\r\n";
}

// What has been received and not been parsed.
class Incoming {
 public:
  explicit Incoming(ClientSocket& socket) : socket_(socket), buffer_(kPiece) {}

  auto unread() const { return boost::asio::buffer(buffer_.data() + begin_, end_ - begin_); }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // False: the other end is done.
  bool more() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) fail_upstream("its header is too large");
    const std::size_t got = socket_.read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += got;
    return got > 0;
  }

 private:
  ClientSocket& socket_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

void read_head(UpstreamParser& parser, Incoming& incoming) {
  parser.header_limit(kMostUpstreamHeaderBytes);
  parser.body_limit(boost::none);
  while (!parser.is_header_done()) {
    error_code error;
    if (incoming.unread().size() > 0) incoming.consume(parser.put(incoming.unread(), error));
    if (error && error != http::error::need_more) fail_upstream("its answer is not HTTP");
    if (!parser.is_header_done() && !incoming.more()) fail_upstream("its answer is cut off");
  }
}

ExchangeHead head_of(const UpstreamParser& parser) {
  ExchangeHead head;
  head.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    head.headers.emplace_back(base::to_lower(std::string(field.name_string())),
                              std::string(field.value()));
  }
  return head;
}

void read_upstream_body(UpstreamParser& parser, Incoming& incoming,
                        const api::pull_through::Transport::OnBody& on_body) {
  std::vector<char> piece(kPiece);
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    body.more = true;
    error_code error;
    std::size_t used = 0;
    if (incoming.unread().size() > 0) {
      used = parser.put(incoming.unread(), error);
      incoming.consume(used);
    }
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
      fail_upstream("its answer is not HTTP");
    }
    const std::size_t got = piece.size() - body.size;
    if (got > 0) on_body({piece.data(), got});
    if (used > 0 || parser.is_done()) continue;
    if (incoming.more()) continue;
    // Without a length the body ends with the connection.
    error = {};
    parser.put_eof(error);
    if (error || !parser.is_done()) fail_upstream("its answer is cut off");
  }
}

}  // namespace

void UpstreamTransport::get(const ExchangeRequest& request, const OnHead& on_head,
                            const OnBody& on_body) {
  ClientSocket socket(request.url, request.private_allowed, context_, patience_, stop_);
  socket.write(request_text(request));
  Incoming incoming(socket);
  for (int i = 0; i < kMostInterim; ++i) {
    UpstreamParser parser;
    read_head(parser, incoming);
    const ExchangeHead head = head_of(parser);
    if (head.status / 100 == 1) continue;
    if (on_head(head)) read_upstream_body(parser, incoming, on_body);
    return;
  }
  fail_upstream("its answer does not begin");
}

}  // namespace ecr::server
