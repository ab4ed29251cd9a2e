// How a connection takes the body of a request: into memory, or as a stream to a sink.
#include <algorithm>
#include <cstring>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/net/connection.h"

namespace ecr::server {
namespace {

using Clock = std::chrono::steady_clock;

// Large enough that one hop to a worker and one write to the file serve half a mebibyte of a layer;
// two such buffers are all that a push of any size takes.
constexpr std::size_t kStreamBuffer = 512u << 10;

// How long a body waits for memory, and how often it looks whether there is some. The SDKs wait for
// a minute by default, and try again after a 503.
constexpr std::chrono::seconds kMemoryWait{10};
constexpr std::chrono::milliseconds kMemoryPoll{20};

// Joins the pieces of one buffer at its front, so that many small chunks cost one write. The pieces
// are in the order of the buffer, so each moves towards the front and never overwrites one behind
// it.
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

asio::awaitable<api::HttpResponse> Connection::run_buffered(RequestParser& parser,
                                                            api::HttpRequest& request) {
  auto refused = co_await take_body(parser, request);
  if (refused) co_return std::move(*refused);
  api::HttpResponse response;
  // The references stay valid: this coroutine, which owns what they name, is suspended until the
  // worker is done.
  job_.start([this, &request, &response] { response = context_.app.handle(request); });
  co_await job_.wait();
  // The request waits for another server (an identity provider, an upstream registry). That happens
  // on threads of its own, so that a slow server elsewhere does not take workers from other
  // requests.
  while (response.later) {
    // `later` may itself return an answer with another `later`, so this is a loop.
    outside_job_.start([&response] {
      // Moved out first: assigning the new answer destroys the old one, and with it the function
      // that is running.
      const auto later = std::move(response.later);
      response = later();
    });
    co_await outside_job_.wait();
  }
  co_return response;
}

// Reads the body into memory. The answer, where the request is refused instead: the body is larger
// than its route allows, the caller is not who it says, or too many others are not known yet.
asio::awaitable<std::optional<api::HttpResponse>> Connection::take_body(RequestParser& parser,
                                                                        api::HttpRequest& request) {
  std::optional<api::HttpResponse> refused;
  // The limit comes from the route, before its body is read: a client that is not authenticated yet
  // cannot make the server hold more than that (ServerTest.BodiesAboveTheLimitAreRefused).
  const std::uint64_t limit = context_.app.plan(request).limit;
  const std::uint64_t announced = parser.content_length().value_or(limit);
  bool known = false;
  // A small body is not worth a look at the database. A chunked one may become a large one.
  if (!parser.done() && announced > kSmallClaim && announced <= limit) {
    api::Introduction introduction = false;
    job_.start([this, &request, &introduction] { introduction = context_.app.identify(request); });
    co_await job_.wait();
    if (auto* response = std::get_if<api::HttpResponse>(&introduction)) {
      refused = std::move(*response);
      co_return refused;
    }
    known = std::get<bool>(introduction);
  }
  const Taken taken = co_await read_body(parser, request.body, limit, known);
  if (taken == Taken::kTooLarge) {
    refused = context_.app.refuse_large_body(request, limit);
  } else if (taken == Taken::kNoMemory) {
    refused = context_.app.refuse_for_memory(request, context_.memory.limit());
  }
  // The rest of a body that is refused is not worth reading.
  if (refused) refused->close = true;
  co_return refused;
}

// Waits for room in the budget of callers who are not authenticated yet. False: there was none
// within the time.
asio::awaitable<bool> Connection::claim(std::size_t bytes) {
  const auto end =
      Clock::now() + std::min<Clock::duration>(context_.timeouts.progress, kMemoryWait);
  asio::steady_timer pause(executor_);
  while (!body_memory_.grow_to(bytes)) {
    if (stopping_ || Clock::now() >= end) {
      context_.memory.count_refused();
      co_return false;
    }
    // The wait is the server's, so it must not run into the client's deadline.
    set_deadline(context_.timeouts.progress);
    pause.expires_after(kMemoryPoll);
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return true;
}

// `known`: the caller is authenticated, and its body is not counted.
asio::awaitable<Connection::Taken> Connection::read_body(RequestParser& parser, std::string& body,
                                                         std::uint64_t limit, bool known) {
  // Also true when inject() has read the body already.
  if (parser.done()) co_return Taken::kWhole;
  // A Content-Length above the limit is refused before any byte of the body is read; a chunked body
  // tells its size only while it comes.
  const std::uint64_t announced = parser.content_length().value_or(0);
  if (announced > limit) co_return Taken::kTooLarge;
  // Claimed as a whole before its first byte, so that bodies wait for one another and do not stop
  // each other half-way.
  std::size_t room = announced;
  if (!known) {
    const bool got = co_await claim(room);
    if (!got) co_return Taken::kNoMemory;
  }
  body.reserve(room);
  co_await send_continue();
  std::vector<std::string_view> pieces;
  std::optional<FramingError> error;
  for (;;) {
    pieces.clear();
    const std::size_t used = parser.feed_body(unread(), pieces, error);
    std::size_t size = body.size();
    for (const std::string_view piece : pieces) size += piece.size();
    // The decoded size, without the framing of chunks. Nothing is ever inflated: a Content-Encoding
    // stays as it is, so a small body cannot become a large one (integration/test_abuse_http.py,
    // test_a14_nothing_is_inflated).
    received_ = size;
    if (size > limit) co_return Taken::kTooLarge;
    if (size > room) {
      room = std::min<std::size_t>(limit, std::max(size, 2 * room));
      if (!known) {
        const bool got = co_await claim(room);
        if (!got) co_return Taken::kNoMemory;
      }
      body.reserve(room);
    }
    for (const std::string_view piece : pieces) body.append(piece);
    consume(used);
    // The parser waits for the end of a chunk's header or of a trailer, which has a limit, too.
    if (!error && used == 0 && end_ - begin_ > kMaxHeaderBytes) {
      error = FramingError{400, "not a valid HTTP body"};
    }
    if (error) throw MalformedBody{*error};
    if (parser.done()) co_return Taken::kWhole;
    // read_some() returning nothing means that the client closed its side. A body that was cut off
    // is never handed to a worker.
    const std::size_t got = co_await fill();
    if (got == 0)
      throw std::runtime_error("the client closed the connection in the middle of a body");
    note_progress(got);
  }
}

asio::awaitable<api::HttpResponse> Connection::run_streamed(RequestParser& parser,
                                                            const api::HttpRequest& request) {
  // ServerTest.ARefusedUploadIsAnsweredBeforeItsBody shows it.
  std::variant<api::HttpResponse, std::unique_ptr<api::BodySink>> start;
  // Opening authenticates and authorizes: a client that may not push is refused before it sends its
  // layer (it waits for "100 Continue", where it asked for it).
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
    // No co_await may stand in a catch block, so both cases only note what happened.
    failure = std::current_exception();  // the connection failed: no answer can be sent
  } catch (...) {
    response = context_.app.refuse_failure(request, std::current_exception());
    response.close = true;
  }
  // Destroying the sink closes files and releases the upload. Both may block, so a worker does it.
  job_.start([&sink] { sink.reset(); });
  co_await job_.wait();
  if (failure) std::rethrow_exception(failure);
  co_return response;
}

// Moves a body from the socket to the sink, with two buffers: while a worker hashes and writes one,
// the io thread reads the other. `rest` holds bytes behind the parsed ones: part of a chunk's
// header, or the beginning of the next request.
asio::awaitable<api::HttpResponse> Connection::pump(RequestParser& parser, api::BodySink& sink) {
  // INVARIANT: while the worker reads one buffer, this coroutine writes only the other.
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
      // The parser is asked before the socket: the last bytes of the body may have come together
      // with its head, and reading would then wait for bytes that never come.
      if (!error && !parser.done() && used == 0) {
        const asio::mutable_buffer space(buffer.data() + size, buffer.size() - size);
        const std::size_t got = co_await stream_->read_some(space);
        if (got == 0)
          throw std::runtime_error("the client closed the connection in the middle of a body");
        note_progress(got);
        size += got;
        used = parser.feed_body({buffer.data(), size}, pieces, error);
      }
      // A chunk header or a trailer above the limit of a head is an attack.
      if (error || (used == 0 && !parser.done() && size > kMaxHeaderBytes)) {
        App::throw_malformed_body();
      }
      rest.assign(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                  buffer.begin() + static_cast<std::ptrdiff_t>(size));
      // The worker is done with the other buffer now. An exception of the worker is thrown here.
      co_await job_.wait();
      const std::string_view body = join(buffer, pieces);
      received_ += body.size();
      // finish() runs in the same hop as the last write.
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
  co_await job_.wait();  // a worker may still read from the buffers
  if (failure) std::rethrow_exception(failure);
  // Bytes behind the body belong to the next request of the connection.
  buffer_.resize(std::max(buffer_.size(), rest.size()));
  std::copy(rest.begin(), rest.end(), buffer_.begin());
  end_ = rest.size();
  co_return response;
}

// RFC 9110, 10.1.1: a client that sent "Expect: 100-continue" waits for this before it sends the
// body. It is sent only once the body is wanted, so a refused upload costs no transfer.
asio::awaitable<void> Connection::send_continue() {
  if (!owes_continue_) co_return;
  owes_continue_ = false;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  co_await stream_->write(asio::buffer(kContinue), {});
}

}  // namespace ecr::server
