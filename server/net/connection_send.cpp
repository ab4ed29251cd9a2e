// How a connection sends an answer, and how it ends when no further one follows.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "schemas/base/text.h"
#include "server/net/connection.h"
#include "server/net/framing.h"

namespace ecr::server {
namespace {

using Clock = std::chrono::steady_clock;

// A refused body up to this size is read and dropped, so that the connection can go on. A new
// connection costs the client more than a mebibyte on this one; above that, closing is cheaper for
// both.
constexpr std::uint64_t kDrainBytes = 1u << 20;
// While lingering the deadline is short, and a client on a fast network could still send gigabytes
// until then (integration/test_abuse_http.py, test_a13_ten_gigabytes_that_nobody_wants).
constexpr std::uint64_t kLingerBytes = 64u << 20;
// The streams of /_ecr-local/ are for people and tests that watch: a tenth of a second is at once
// for them.
constexpr std::chrono::milliseconds kLivePoll{100};
// A client waits for these pieces, so they are asked for more often than live news.
constexpr std::chrono::milliseconds kPiecePoll{10};
// Below the minute after which proxies and load balancers commonly close a silent connection.
constexpr std::chrono::seconds kHeartbeat{15};

}  // namespace

// Sends a live stream until the client leaves or the server stops. The end of the body is not
// announced: the connection ends with it.
asio::awaitable<void> Connection::send_live(api::BodySource& source) {
  asio::steady_timer pause(executor_);
  auto last = Clock::now();
  idle_ = true;  // a stop need not wait for it
  while (!stopping_) {
    std::string news = source.poll();
    // A line that begins with ':' is a comment of an event stream. Writing one now and then shows
    // whether the client is still there.
    if (news.empty() && Clock::now() - last > kHeartbeat) news = ":\n";
    set_deadline(context_.timeouts.progress);
    if (!news.empty()) {
      co_await stream_->write(asio::buffer(news), {});
      last = Clock::now();
    }
    pause.expires_after(kLivePoll);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

// Each piece moves the deadline: a slow client may take hours for a layer, as long as it takes
// something of it.
asio::awaitable<void> Connection::send_slice(const api::FileSlice& slice) {
  const std::function<void()> progress = [this] { set_deadline(context_.timeouts.progress); };
  co_await stream_->send_file(slice.file->fd(), slice.offset, slice.length, progress);
}

asio::awaitable<void> Connection::send_pieces(api::PieceSource& pieces) {
  asio::steady_timer pause(executor_);
  for (;;) {
    const std::optional<api::Piece> piece = pieces.next();
    if (!piece) break;
    set_deadline(context_.timeouts.progress);
    const auto* text = std::get_if<std::string>(&*piece);
    // An empty piece means that the next one is not there yet. The length of the whole was sent in
    // the head, so the pieces must add up to it; next() throws where it cannot keep that, which
    // ends the connection and shows the client a short body.
    if (text != nullptr && text->empty()) {
      pause.expires_after(kPiecePoll);
      co_await pause.async_wait(asio::use_awaitable);
    } else if (text != nullptr) {
      co_await stream_->write(asio::buffer(*text), {});
    } else {
      co_await send_slice(std::get<api::FileSlice>(*piece));
    }
  }
}

// Reads and drops the rest of a refused body where that is cheap. False: the connection cannot go
// on.
asio::awaitable<bool> Connection::drain(RequestParser& parser) {
  if (parser.done()) co_return true;
  // A client that still waits for "100 Continue" gets the final answer instead, and may or may not
  // send its body after it (RFC 9110, 10.1.1). The next bytes could be either, so the connection
  // ends.
  if (owes_continue_ || parser.content_length().value_or(0) > kDrainBytes) co_return false;
  std::vector<std::string_view> pieces;
  std::optional<FramingError> error;
  std::uint64_t dropped = 0;
  while (!parser.done()) {
    pieces.clear();
    const std::size_t used = parser.feed_body(unread(), pieces, error);
    consume(used);
    dropped += used;
    if (error || dropped > kDrainBytes || end_ - begin_ > kMaxHeaderBytes) co_return false;
    if (parser.done()) break;
    const std::size_t got = co_await fill();
    if (got == 0) co_return false;
  }
  co_return true;
}

// TCP answers bytes that come after close() with a reset, and a reset may discard the answer before
// the client has read it. So the server only ends its own direction, and reads until the client has
// seen the answer and closes (RFC 9112, 9.6).
asio::awaitable<void> Connection::linger() {
  stream_->shutdown_send();
  set_deadline(context_.timeouts.linger);
  std::uint64_t dropped = 0;
  while (dropped < kLingerBytes) {
    const std::size_t n = co_await stream_->read_some(asio::buffer(buffer_));
    if (n == 0) break;
    dropped += n;
  }
}

asio::awaitable<Connection::After> Connection::send(RequestParser& parser,
                                                    const api::HttpRequest& request,
                                                    const api::HttpResponse& response) {
  // A live stream has no length, so only the end of the connection can end it.
  const bool live = std::holds_alternative<std::shared_ptr<api::BodySource>>(response.body);
  // `close` is set where the rest of the body must not be read as a request.
  bool keep = parser.keep_alive() && !response.close && !stopping_ && !live;
  // Before the answer is sent: a client that sends its whole body before it reads would not see the
  // answer otherwise (ServerTest.ASmallRefusedBodyIsDrainedAndTheConnectionGoesOn).
  if (keep) {
    const bool drained = co_await drain(parser);
    keep = drained;
  }
  set_deadline(context_.timeouts.progress);
  const std::string head =
      response_head(response, request.id, base::format_http_date(context_.clock.now()), keep);
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    // One write for both, so that a small answer is one packet.
    co_await stream_->write(asio::buffer(head), asio::buffer(*text));
  } else if (const auto* source = std::get_if<std::shared_ptr<api::BodySource>>(&response.body)) {
    co_await stream_->write(asio::buffer(head), {});
    // A live stream may last for days, so its line is written when it begins.
    log(request, response);
    co_await send_live(**source);
    co_return After::kClose;
  } else if (const auto* pieces = std::get_if<std::shared_ptr<api::PieceSource>>(&response.body)) {
    co_await stream_->write(asio::buffer(head), {});
    co_await send_pieces(**pieces);
  } else {
    co_await stream_->write(asio::buffer(head), {});
    co_await send_slice(std::get<api::FileSlice>(response.body));
  }
  log(request, response);
  if (keep) co_return After::kNext;
  // When the whole request was read, no unread bytes can cause a reset.
  if (!parser.done()) co_await linger();
  co_return After::kClose;
}

// docker and podman try TLS at every registry first, and go on with HTTP when the answer is HTTP: a
// line of an error for each of their commands would say nothing. It is said once, for those who
// wrote https:// by mistake.
asio::awaitable<void> Connection::refuse_tls() {
  if (!context_.told_of_tls.exchange(true)) {
    context_.log.say(base::format(
        "ecr-local: {} speaks TLS to a port for HTTP. Docker tries TLS first and then uses HTTP: "
        "nothing is wrong. Other clients need http:// in their URL, or start the server with --tls "
        "auto. This is logged once",
        peer_));
  }
  const FramingError error{400, "this port has HTTP and no TLS: use http:// in the URL"};
  co_await refuse(error, Line::kLeftOut);
}

// The client has its answer already, from TlsStream::handshake().
void Connection::log_plain_http() {
  api::HttpRequest request;
  request.method = "-";
  request.target = "-";
  request.id = base::make_uuid(context_.random);
  api::HttpResponse response;
  response.status = 400;
  response.note.error = "HTTP on a port that has TLS: use https:// in the URL";
  started_ = Clock::now();
  log(request, response);
}

asio::awaitable<void> Connection::refuse(const FramingError& error, Line line) {
  api::HttpRequest request;
  // The log has no method and target for it: a request that is refused here has not been
  // understood.
  request.method = "-";
  request.target = "-";
  request.id = base::make_uuid(context_.random);
  api::HttpResponse response =
      api::text_response(error.status, "text/plain; charset=utf-8", error.reason + "\n");
  response.note.error = error.reason;
  const std::string head =
      response_head(response, request.id, base::format_http_date(context_.clock.now()), false);
  // A refused request has no beginning that was noted; its line shows the time that the refusal
  // took.
  started_ = Clock::now();
  co_await stream_->write(asio::buffer(head), asio::buffer(std::get<std::string>(response.body)));
  log(request, response, line);
  co_await linger();
}

void Connection::log(const api::HttpRequest& request, const api::HttpResponse& response,
                     Line line) {
  AccessEntry entry;
  entry.time = context_.clock.now();
  entry.request_id = request.id;
  entry.peer = peer_;
  entry.method = request.method;
  entry.target = request.target;
  entry.status = response.status;
  entry.received = received_;
  entry.sent = body_length(response);
  entry.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  entry.note = &response.note;
  if (is_worth_logging(response) && line == Line::kWritten) {
    context_.log.write(entry);
    if (context_.requests != nullptr) context_.requests->record(entry);
  }
  // `action` was set by the API for a request that it understood, so the number of series stays
  // that of the operation tables.
  if (context_.metrics == nullptr) return;
  context_.metrics->count({.plane = request.plane,
                           .action = response.note.action,
                           .status = response.status,
                           .received = received_,
                           .sent = entry.sent,
                           .took = entry.took});
}

}  // namespace ecr::server
