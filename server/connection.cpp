#include "server/connection.h"

#include <algorithm>
#include <cstring>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "api/error.h"
#include "api/failure.h"
#include "server/fault_rules.h"
#include "server/response_writer.h"

namespace ecr::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kInitialBuffer = 8u << 10;
constexpr std::size_t kStreamBuffer = 256u << 10;
// A body must move by this much before its deadline moves.
constexpr std::size_t kProgressBytes = 16u << 10;
// A refused body up to this size is read and dropped, so that the connection can go on.
constexpr std::uint64_t kDrainBytes = 1u << 20;
constexpr std::uint64_t kLingerBytes = 64u << 20;
constexpr std::chrono::milliseconds kLivePoll{100};
constexpr std::chrono::milliseconds kPiecePoll{10};
constexpr std::chrono::seconds kHeartbeat{15};

// Of a body that is kept in memory; nothing was done with it.
struct MalformedBody {
  FramingError framing;
};

api::HttpRequest to_request(const RequestHead& head, const std::string& peer, bool secure,
                            schemas::Random& random) {
  api::HttpRequest request;
  request.method = head.method;
  request.target = head.target;
  request.headers = api::HeaderList(head.fields);
  request.peer = peer;
  request.secure = secure;
  request.id = schemas::make_uuid(random);
  return request;
}

// Pieces of one buffer, moved together to its front: what comes in many small chunks costs one
// write.
std::string_view join(std::vector<char>& buffer, const std::vector<std::string_view>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    std::memmove(buffer.data() + size, piece.data(), piece.size());
    size += piece.size();
  }
  return {buffer.data(), size};
}

}  // namespace

Connection::Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, std::string peer,
                       asio::any_io_executor executor)
    : context_(context),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      executor_(std::move(executor)),
      job_(context.workers, executor_),
      outside_job_(context.outside, executor_),
      buffer_(kInitialBuffer) {
  set_deadline(context_.timeouts.header);
}

void Connection::set_deadline(std::chrono::seconds from_now) {
  deadline_ = Clock::now() + from_now;
  progress_ = 0;
}

void Connection::note_progress(std::size_t bytes) {
  progress_ += bytes;
  if (progress_ >= kProgressBytes) set_deadline(context_.timeouts.progress);
}

void Connection::close_if_late(Clock::time_point now) {
  // While a worker has the request the client is not what we wait for.
  if (now >= deadline_ && !job_.running() && !outside_job_.running()) stream_->close();
}

void Connection::stop() {
  stopping_ = true;
  if (idle_) stream_->close();
}

void Connection::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

// Reads more behind what is unread. 0: the client is done.
asio::awaitable<std::size_t> Connection::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const asio::mutable_buffer space(buffer_.data() + end_, buffer_.size() - end_);
  const std::size_t n = co_await stream_->read_some(space);
  end_ += n;
  co_return n;
}

asio::awaitable<void> Connection::serve() {
  try {
    co_await stream_->handshake();
    for (;;) {
      const After after = co_await serve_one();
      if (after == After::kClose) break;
    }
  } catch (const std::exception&) {
    // The client went away, or was too late: there is nobody left to tell.
  }
  stream_->close();
}

asio::awaitable<Connection::After> Connection::serve_one() {
  RequestParser parser;
  received_ = 0;
  const bool complete = co_await read_head(parser);
  if (!complete) co_return After::kClose;
  api::HttpRequest request = to_request(parser.head(), peer_, stream_->secure(), context_.random);
  owes_continue_ = parser.expects_continue() && parser.has_body();
  After after = After::kClose;
  std::optional<FramingError> malformed;
  try {
    after = co_await answer(parser, request);
  } catch (const MalformedBody& error) {
    malformed = error.framing;
  }
  if (malformed) co_await refuse(*malformed);
  co_return stopping_ ? After::kClose : after;
}

// False: the connection is over (the client left, or was refused and told so).
asio::awaitable<bool> Connection::read_head(RequestParser& parser) {
  idle_ = end_ == begin_;
  set_deadline(idle_ ? context_.timeouts.idle : context_.timeouts.header);
  std::optional<FramingError> error;
  for (;;) {
    if (end_ > begin_) {
      if (idle_) set_deadline(context_.timeouts.header);
      idle_ = false;
      const std::size_t used = parser.feed_head(unread(), error);
      if (error) {
        co_await refuse(*error);
        co_return false;
      }
      if (used > 0) {
        consume(used);
        started_ = Clock::now();
        co_return true;
      }
    }
    const std::size_t got = co_await fill();
    if (got == 0) co_return false;
  }
}

asio::awaitable<Connection::After> Connection::answer(RequestParser& parser,
                                                      api::HttpRequest& request) {
  set_deadline(context_.timeouts.progress);
  api::HttpResponse response;
  Injected injected = Injected::kNothing;
  const FaultRules* const faults = context_.app.faults();
  if (faults != nullptr && faults->any()) injected = co_await inject(parser, request, response);
  if (injected == Injected::kNothing || injected == Injected::kLoseAnswer) {
    response = co_await execute(parser, request);
  }
  if (injected == Injected::kReset || injected == Injected::kLoseAnswer) co_return reset(request);
  const After after = co_await send(parser, request, response);
  co_return after;
}

asio::awaitable<api::HttpResponse> Connection::execute(RequestParser& parser,
                                                       api::HttpRequest& request) {
  api::HttpResponse response;
  auto at_once = context_.app.answer_without_blocking(request);
  if (at_once) {
    response = std::move(*at_once);
  } else if (context_.app.plan(request).streamed) {
    response = co_await run_streamed(parser, request);
  } else {
    response = co_await run_buffered(parser, request);
  }
  co_return response;
}

asio::awaitable<api::HttpResponse> Connection::run_buffered(RequestParser& parser,
                                                            api::HttpRequest& request) {
  const std::uint64_t limit = context_.app.plan(request).limit;
  const bool fits = co_await read_body(parser, request.body, limit);
  api::HttpResponse response;
  if (!fits) {
    response = context_.app.refuse(
        request,
        {api::ErrorCode::kRequestTooLarge, fmt::format("The body is larger than {} bytes", limit)});
    response.close = true;
    co_return response;
  }
  job_.start([this, &request, &response] { response = context_.app.handle(request); });
  co_await job_.wait();
  while (response.later) {
    outside_job_.start([&response] {
      const auto later = std::move(response.later);
      response = later();
    });
    co_await outside_job_.wait();
  }
  co_return response;
}

// False: the body is larger than the limit.
asio::awaitable<bool> Connection::read_body(RequestParser& parser, std::string& body,
                                            std::uint64_t limit) {
  if (parser.content_length().value_or(0) > limit || body.size() > limit) co_return false;
  if (parser.done()) co_return true;
  co_await send_continue();
  std::vector<std::string_view> pieces;
  std::optional<FramingError> error;
  for (;;) {
    pieces.clear();
    const std::size_t used = parser.feed_body(unread(), pieces, error);
    for (const std::string_view piece : pieces) body.append(piece);
    received_ = body.size();
    consume(used);
    if (body.size() > limit) co_return false;
    if (!error && used == 0 && end_ - begin_ > kMaxHeaderBytes) {
      error = FramingError{400, "not a valid HTTP body"};
    }
    if (error) throw MalformedBody{*error};
    if (parser.done()) co_return true;
    const std::size_t got = co_await fill();
    if (got == 0) throw std::runtime_error("the client left within a body");
    note_progress(got);
  }
}

asio::awaitable<api::HttpResponse> Connection::run_streamed(RequestParser& parser,
                                                            const api::HttpRequest& request) {
  std::variant<api::HttpResponse, std::unique_ptr<api::BodySink>> start;
  job_.start([this, &request, &start] { start = context_.app.open(request); });
  co_await job_.wait();
  if (auto* refused = std::get_if<api::HttpResponse>(&start)) co_return std::move(*refused);
  auto sink = std::move(std::get<std::unique_ptr<api::BodySink>>(start));
  api::HttpResponse response;
  std::exception_ptr failure;
  try {
    co_await send_continue();
    response = co_await pump(parser, *sink);
  } catch (const boost::system::system_error&) {
    failure = std::current_exception();  // of the connection: nobody to answer
  } catch (...) {
    response = context_.app.refuse(request, api::to_api_error(std::current_exception()));
    response.close = true;
  }
  // The sink may close files and give its upload back: not on an io thread.
  job_.start([&sink] { sink.reset(); });
  co_await job_.wait();
  if (failure) std::rethrow_exception(failure);
  co_return response;
}

// From the socket to the sink: while a worker hashes and writes one buffer, the next one is read.
asio::awaitable<api::HttpResponse> Connection::pump(RequestParser& parser, api::BodySink& sink) {
  std::vector<char> buffers[2];
  std::vector<std::string_view> pieces;
  std::vector<char> rest(unread().begin(), unread().end());  // not parsed yet
  consume(unread().size());
  api::HttpResponse response;
  std::exception_ptr failure;
  try {
    for (int turn = 0;; turn ^= 1) {
      std::vector<char>& buffer = buffers[turn];
      std::size_t size = rest.size();
      if (buffer.size() < size + kStreamBuffer) {
        // A body that came with its header needs no large buffer.
        buffer.resize(parser.content_length() == size ? size : size + kStreamBuffer);
      }
      std::copy(rest.begin(), rest.end(), buffer.begin());
      pieces.clear();
      std::optional<FramingError> error;
      std::size_t used = parser.feed_body({buffer.data(), size}, pieces, error);
      if (!error && !parser.done() && used == 0) {
        const asio::mutable_buffer space(buffer.data() + size, buffer.size() - size);
        const std::size_t got = co_await stream_->read_some(space);
        if (got == 0) throw std::runtime_error("the client left within a body");
        note_progress(got);
        size += got;
        used = parser.feed_body({buffer.data(), size}, pieces, error);
      }
      if (error || (used == 0 && !parser.done() && size > kMaxHeaderBytes)) {
        throw api::ApiError(api::ErrorCode::kBlobUploadInvalid, "the body is not well-formed");
      }
      rest.assign(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                  buffer.begin() + static_cast<std::ptrdiff_t>(size));
      co_await job_.wait();
      const std::string_view body = join(buffer, pieces);
      received_ += body.size();
      const bool last = parser.done();
      job_.start([&sink, &response, body, last] {
        if (!body.empty()) sink.write(body);
        if (last) response = sink.finish();
      });
      if (last) break;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  co_await job_.wait();  // before the buffers go
  if (failure) std::rethrow_exception(failure);
  buffer_.resize(std::max(buffer_.size(), rest.size()));
  std::copy(rest.begin(), rest.end(), buffer_.begin());
  end_ = rest.size();
  co_return response;
}

asio::awaitable<void> Connection::send_continue() {
  if (!owes_continue_) co_return;
  owes_continue_ = false;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  co_await stream_->write(asio::buffer(kContinue), {});
}

// Until the client goes or the server stops; an end of the body is never announced, the connection
// ends with it.
asio::awaitable<void> Connection::send_live(api::BodySource& source) {
  asio::steady_timer pause(executor_);
  auto last = Clock::now();
  idle_ = true;  // a stop need not wait for it
  while (!stopping_) {
    std::string news = source.poll();
    // A comment line, as event streams have it: shows whether the client is still there.
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

// Drops what is left of a refused body where that is cheap. False: the connection cannot go on.
asio::awaitable<bool> Connection::drain(RequestParser& parser) {
  if (parser.done()) co_return true;
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

// Closing with unread bytes would reset the connection and could take the answer with it.
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
  const bool live = std::holds_alternative<std::shared_ptr<api::BodySource>>(response.body);
  bool keep = parser.keep_alive() && !response.close && !stopping_ && !live;
  if (keep) {
    const bool drained = co_await drain(parser);
    keep = drained;
  }
  set_deadline(context_.timeouts.progress);
  const std::string head =
      response_head(response, request.id, schemas::format_http_date(context_.clock.now()), keep);
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    co_await stream_->write(asio::buffer(head), asio::buffer(*text));
  } else if (const auto* source = std::get_if<std::shared_ptr<api::BodySource>>(&response.body)) {
    co_await stream_->write(asio::buffer(head), {});
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
  if (!parser.done()) co_await linger();
  co_return After::kClose;
}

asio::awaitable<void> Connection::refuse(const FramingError& error) {
  api::HttpRequest request;
  request.method = "-";
  request.target = "-";
  request.id = schemas::make_uuid(context_.random);
  api::HttpResponse response =
      api::text_response(error.status, "text/plain; charset=utf-8", error.reason + "\n");
  response.note.error = error.reason;
  const std::string head =
      response_head(response, request.id, schemas::format_http_date(context_.clock.now()), false);
  started_ = Clock::now();
  co_await stream_->write(asio::buffer(head), asio::buffer(std::get<std::string>(response.body)));
  log(request, response);
  co_await linger();
}

void Connection::log(const api::HttpRequest& request, const api::HttpResponse& response) {
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
  context_.log.write(entry);
  if (context_.metrics == nullptr) return;
  context_.metrics->count({.target = request.target,
                           .action = response.note.action,
                           .status = response.status,
                           .received = received_,
                           .sent = entry.sent,
                           .took = entry.took});
}

}  // namespace ecr::server
