#include "server/client/http_client.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "schemas/base/text.h"
#include "server/client/client_socket.h"
#include "server/client/tls_client.h"
#include "server/net/http_parser.h"

namespace ecr::server {
namespace {

using api::ExchangeRequest;
using api::TransportError;

// Registries redirect blobs to signed URLs of object stores, which are long; this leaves them ample
// room. It has to be less than kPiece, the buffer that a head must fit into.
constexpr std::size_t kMostAnswerHeaderBytes = 64u << 10;
constexpr std::size_t kPiece = 128u << 10;
// Without a limit a server could answer "100 Continue" for ever.
constexpr int kMostInterim = 5;  // 1xx answers before the answer (RFC 9110, 15.2)

// The parts of the request were checked where they came from: parse_url() refuses what would break
// the request line, and callers make the headers. "Connection: close" makes the end of the
// connection the end of the answer, so no message can follow it.
std::string request_text(const ExchangeRequest& request) {
  std::string text = base::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ecr-local\r\n",
                                  request.method, request.url.target, request.url.authority());
  for (const auto& [name, value] : request.headers) {
    text += base::format("{}: {}\r\n", name, value);
  }
  if (request.method != "GET") text += base::format("Content-Length: {}\r\n", request.body.size());
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
    // Moves what is left to the front: the parser sees bytes that belong together in one piece.
    if (begin_ > 0) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    // A full buffer that the parser takes nothing of is a head, since bodies are taken in any
    // portion.
    if (end_ == buffer_.size()) throw TransportError("its header is too large");
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
bool feed_answer(ResponseParser& parser, Incoming& incoming, const OnPiece& on_piece) {
  std::vector<std::string_view> pieces;
  std::optional<std::string> error;
  const std::size_t used = parser.feed(incoming.unread(), pieces, error);
  if (error) throw TransportError("its answer is not HTTP, or is too large");
  // The pieces are views into the buffer, so they are used up before consume() lets it be
  // overwritten.
  for (const std::string_view piece : pieces) on_piece(piece);
  incoming.consume(used);
  return used > 0;
}

void read_answer_head(ResponseParser& parser, Incoming& incoming) {
  while (!parser.has_head()) {
    if (feed_answer(parser, incoming, [](std::string_view) {})) continue;
    if (!incoming.more()) throw TransportError("its answer is cut off");
  }
}

void read_answer_body(ResponseParser& parser, Incoming& incoming,
                      const api::Transport::OnBody& on_body) {
  while (!parser.done()) {
    // The order matters: what is buffered is parsed before the socket is asked, and a body that is
    // complete is not waited for.
    if (feed_answer(parser, incoming, on_body) || parser.done() || incoming.more()) continue;
    // Without a length the body ends with the connection. An answer that has a length and is
    // shorter fails here, and no half of a layer is stored as a whole
    // (HttpClient.TakesOnlyWholeAnswers).
    if (!parser.end()) throw TransportError("its answer is cut off");
  }
}

}  // namespace

HttpClient::HttpClient(const std::string& ca_file, ClientLimits limits)
    : tls_(std::make_unique<TlsClientContext>(ca_file)), limits_(limits) {}

HttpClient::~HttpClient() = default;

void HttpClient::exchange(const ExchangeRequest& request, const OnHead& on_head,
                          const OnBody& on_body) {
  ClientLimits limits = limits_;
  if (request.total) limits.total = *request.total;
  ClientSocket socket(request.url, request.private_allowed, *tls_, limits, request.stop);
  socket.write(request_text(request));
  // The body and its head are two writes: a body may be large, and is not copied for the sake of
  // one packet.
  socket.write(request.body);
  Incoming incoming(socket);
  for (int i = 0; i < kMostInterim; ++i) {
    // The parser refuses a body above the limit as soon as its Content-Length says so, or where the
    // bytes pass it.
    ResponseParser parser(kMostAnswerHeaderBytes, request.most_bytes);
    read_answer_head(parser, incoming);
    // `incoming` keeps the bytes behind an interim answer for the next parser.
    if (parser.status() / 100 == 1) continue;
    // The caller may refuse the body (that of a redirect is of no use); the connection then closes
    // with it unread.
    if (on_head({parser.status(), parser.headers()})) read_answer_body(parser, incoming, on_body);
    return;
  }
  throw TransportError("its answer does not begin");
}

}  // namespace ecr::server
