#include "server/client/upstream_transport.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "schemas/base/text.h"
#include "server/net/http_parser.h"

namespace ecr::server {
namespace {

using api::pull_through::ExchangeHead;
using api::pull_through::ExchangeRequest;
using api::pull_through::UpstreamError;
using api::pull_through::UpstreamFailure;

constexpr std::size_t kMostUpstreamHeaderBytes = 64u << 10;
constexpr std::size_t kPiece = 128u << 10;
constexpr int kMostInterim = 5;  // 1xx answers before the answer (RFC 9110, 15.2)

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

// The bytes that have been received and not been parsed.
class Incoming {
 public:
  explicit Incoming(ClientSocket& socket) : socket_(socket), buffer_(kPiece) {}

  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // False: the other end sends no more.
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

// Feeds the parser once; what it took is consumed after `on_piece` saw the pieces of the body.
// False: the parser needs more bytes.
template <typename OnPiece>
bool feed_upstream(ResponseParser& parser, Incoming& incoming, const OnPiece& on_piece) {
  std::vector<std::string_view> pieces;
  std::optional<std::string> error;
  const std::size_t used = parser.feed(incoming.unread(), pieces, error);
  if (error) fail_upstream("its answer is not HTTP");
  for (const std::string_view piece : pieces) on_piece(piece);
  incoming.consume(used);
  return used > 0;
}

void read_upstream_head(ResponseParser& parser, Incoming& incoming) {
  while (!parser.has_head()) {
    if (feed_upstream(parser, incoming, [](std::string_view) {})) continue;
    if (!incoming.more()) fail_upstream("its answer is cut off");
  }
}

void read_upstream_body(ResponseParser& parser, Incoming& incoming,
                        const api::pull_through::Transport::OnBody& on_body) {
  while (!parser.done()) {
    if (feed_upstream(parser, incoming, on_body) || parser.done() || incoming.more()) continue;
    // Without a length the body ends with the connection.
    if (!parser.end()) fail_upstream("its answer is cut off");
  }
}

}  // namespace

void UpstreamTransport::get(const ExchangeRequest& request, const OnHead& on_head,
                            const OnBody& on_body) {
  ClientSocket socket(request.url, request.private_allowed, context_, patience_, stop_);
  socket.write(request_text(request));
  Incoming incoming(socket);
  for (int i = 0; i < kMostInterim; ++i) {
    ResponseParser parser(kMostUpstreamHeaderBytes, std::nullopt);
    read_upstream_head(parser, incoming);
    if (parser.status() / 100 == 1) continue;
    if (on_head({parser.status(), parser.headers()})) {
      read_upstream_body(parser, incoming, on_body);
    }
    return;
  }
  fail_upstream("its answer does not begin");
}

}  // namespace ecr::server
