#include "server/net/connection.h"

#include <algorithm>
#include <cstring>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "schemas/base/text.h"
#include "server/faults/fault_response.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {
namespace {

using Clock = std::chrono::steady_clock;

// Holds the head of an ordinary request in one read, and costs an idle connection little. fill()
// doubles it when a head is larger (kMaxHeaderBytes at most) or a body is buffered.
constexpr std::size_t kInitialBuffer = 8u << 10;
// The deadline of a body moves each time that this many bytes have come, so that one byte a second
// does not keep a connection open.
constexpr std::size_t kProgressBytes = 16u << 10;
// The first byte of a TLS connection (RFC 8446, 5.1: the content type "handshake"). No method of
// HTTP begins with it.
constexpr char kTlsHandshake = 0x16;
// How often a delayed answer looks whether the server stops.
constexpr std::chrono::milliseconds kStopPoll{100};

// Copies the head out of the parser's memory: the request outlives the next read, and a worker
// reads it while the io thread waits. The id becomes x-amzn-RequestId of the answer, the name of
// the request in the access log, and what `ecr-local explain` takes.
api::HttpRequest to_request(const RequestHead& head, const std::string& peer, bool secure,
                            base::Random& random) {
  api::HttpRequest request;
  request.method = head.method;
  request.target = head.target;
  request.headers = api::HeaderList(head.fields);
  request.peer = peer;
  request.secure = secure;
  request.id = base::make_uuid(random);
  return request;
}

}  // namespace

Connection::Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, std::string peer,
                       asio::any_io_executor executor, bool metadata)
    : context_(context),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      metadata_(metadata),
      executor_(std::move(executor)),
      job_(context.workers, executor_),
      outside_job_(context.outside, executor_),
      head_memory_(context.memory),
      body_memory_(context.memory),
      buffer_(kInitialBuffer) {
  // Before the first read there may be a TLS handshake, which has to be done within this time, too.
  set_deadline(context_.timeouts.header);
}

// A deadline is a time that the sweeper compares; setting one costs no timer and no system call but
// reading the clock.
void Connection::set_deadline(std::chrono::seconds from_now) {
  deadline_ = Clock::now() + from_now;
  progress_ = 0;
}

// Shown by ServerTest.ABodyThatStopsComingEndsAtItsDeadline.
void Connection::note_progress(std::size_t bytes) {
  progress_ += bytes;
  if (progress_ >= kProgressBytes) set_deadline(context_.timeouts.progress);
}

void Connection::close_if_late(Clock::time_point now) {
  // While a worker has the request, the server is slow and not the client.
  if (now >= deadline_ && !job_.running() && !outside_job_.running()) stream_->close();
}

// An idle connection has nothing to lose and closes at once. A request that runs gets its answer
// first (ServerTest.StoppingClosesIdleConnectionsAtOnce, StoppingFinishesWhatRuns).
void Connection::stop() {
  stopping_ = true;
  if (idle_) stream_->close();
}

void Connection::consume(std::size_t bytes) {
  begin_ += bytes;
  // An empty buffer starts again at its front, so that fill() rarely has to move bytes.
  if (begin_ == end_) begin_ = end_ = 0;
}

// Doubles the buffer where it is full. False: the budget has no room for that. Bounded by the
// callers: read_head() refuses a head above kMaxHeaderBytes, and read_body() stops where unparsed
// bytes exceed the same limit.
bool Connection::make_room() {
  if (end_ - begin_ < buffer_.size()) return true;
  if (!head_memory_.grow_to(buffer_.size() * 2 - kInitialBuffer)) return false;
  buffer_.resize(buffer_.size() * 2);
  return true;
}

// One large head must not cost memory for as long as the client stays connected.
void Connection::give_back_room() {
  if (begin_ != end_ || buffer_.size() <= kInitialBuffer) return;
  std::vector<char>(kInitialBuffer).swap(buffer_);
  head_memory_.release();
}

// Reads more bytes behind the unread ones. 0: the client sends no more.
asio::awaitable<std::size_t> Connection::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (!make_room()) throw std::runtime_error("no memory for the bytes of a client");
  const asio::mutable_buffer space(buffer_.data() + end_, buffer_.size() - end_);
  const std::size_t n = co_await stream_->read_some(space);
  end_ += n;
  co_return n;
}

// Requests of a connection run one after the other, in the order in which they came. A client that
// pipelines gets its answers in that order, as RFC 9112, 9.3.2 asks
// (ServerTest.KeepsAConnectionAndAnswersInOrder).
asio::awaitable<void> Connection::serve() {
  try {
    const bool agreed = co_await stream_->handshake();
    if (!agreed) log_plain_http();
    while (agreed) {
      const After after = co_await serve_one();
      if (after == After::kClose) break;
    }
  } catch (const std::exception&) {
    // The client went away, or the sweeper closed the connection: no answer can be sent.
  }
  stream_->close();
}

// One request and its answer. A body with broken framing ends the connection: where the next
// request begins is not known any more.
asio::awaitable<Connection::After> Connection::serve_one() {
  RequestParser parser;
  received_ = 0;
  body_memory_.release();
  give_back_room();
  const bool complete = co_await read_head(parser);
  if (!complete) co_return After::kClose;
  api::HttpRequest request = to_request(parser.head(), peer_, stream_->secure(), context_.random);
  request.metadata = metadata_;
  // Without a body there is nothing to continue with: RFC 9110, 10.1.1 forbids clients to send the
  // expectation then, and a server may leave out the interim answer.
  owes_continue_ = parser.expects_continue() && parser.has_body();
  After after = After::kClose;
  std::optional<FramingError> malformed;
  try {
    after = co_await answer(parser, request);
  } catch (const MalformedBody& error) {
    malformed = error.framing;
  }
  // A coroutine cannot co_await inside a catch block, so the answer is sent here.
  if (malformed) co_await refuse(*malformed);
  // A stop that began while the request ran: the answer was sent, and it is the last one.
  co_return stopping_ ? After::kClose : after;
}

// False: the connection is over (the client left, or was refused and has its answer).
asio::awaitable<bool> Connection::read_head(RequestParser& parser) {
  // A pipelined request may already be in the buffer; then the connection is not idle.
  idle_ = end_ == begin_;
  set_deadline(idle_ ? context_.timeouts.idle : context_.timeouts.header);
  std::optional<FramingError> error;
  for (;;) {
    // The idle time ends with the first byte of a request: from there on the header has its own
    // deadline, however slowly the bytes come ("slowloris").
    if (end_ > begin_) {
      if (idle_) set_deadline(context_.timeouts.header);
      idle_ = false;
      if (unread().front() == kTlsHandshake) {
        co_await refuse_tls();
        co_return false;
      }
      // feed_head() gets all bytes of the head each time and remembers how far it has parsed.
      const std::size_t used = parser.feed_head(unread(), error);
      if (error) {
        co_await refuse(*error);
        co_return false;
      }
      if (used > 0) {
        consume(used);
        // The time a request takes counts from the end of its head: how slowly a client sends its
        // head says nothing about the server.
        started_ = Clock::now();
        co_return true;
      }
    }
    if (!make_room()) {
      context_.memory.count_refused();
      const FramingError full{503, "the server has no memory left for headers"};
      co_await refuse(full);
      co_return false;
    }
    const std::size_t got = co_await fill();
    // The end of the connection between two requests is ordinary; within a head no answer could be
    // understood. Both end without an answer.
    if (got == 0) co_return false;
  }
}

// A request whose answer was sent has one line in the access log, written by send() or by reset().
// One whose client left before that has none.
asio::awaitable<Connection::After> Connection::answer(RequestParser& parser,
                                                      api::HttpRequest& request) {
  set_deadline(context_.timeouts.progress);
  if (auto refused = context_.app.admit(request)) {
    const After ended = co_await send(parser, request, *refused);
    co_return ended;
  }
  api::HttpResponse response;
  Injected injected = Injected::kNothing;
  // any() is one atomic read, so a server without rules pays nothing for them.
  const FaultRules* const faults = context_.app.faults();
  if (faults != nullptr && faults->any()) injected = co_await inject(parser, request, response);
  if (injected == Injected::kNothing || injected == Injected::kLoseAnswer) {
    response = co_await execute(parser, request);
  }
  // kLoseAnswer resets after the request was carried out: the client cannot know whether it was,
  // which is the case that tests of retries need (integration/test_faults.py,
  // test_a_lost_answer_was_carried_out).
  if (injected == Injected::kReset || injected == Injected::kLoseAnswer) co_return reset(request);
  const After after = co_await send(parser, request, response);
  co_return after;
}

asio::awaitable<api::HttpResponse> Connection::execute(RequestParser& parser,
                                                       api::HttpRequest& request) {
  api::HttpResponse response;
  // Three ways to run a request: at once on the io thread, with its body as a stream to a sink, or
  // on a worker with its whole body in memory. Challenges and short reads of the registry run at
  // once, because the hop to a worker would cost more than the work.
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

// Decides by the rules of /_ecr-local/faults what happens to this request on purpose.
asio::awaitable<Connection::Injected> Connection::inject(RequestParser& parser,
                                                         api::HttpRequest& request,
                                                         api::HttpResponse& response) {
  // The AWS Query protocol names its operation in the form that is the body, so the body is read
  // before the rules are asked.
  if (request.plane == api::Plane::kApi) {
    auto refused = co_await take_body(parser, request);
    if (refused) {
      response = std::move(*refused);
      co_return Injected::kAnswered;
    }
  }
  const std::string operation = context_.app.operation_of(request);
  // The routes for health, metrics and administration have no operation, so a rule can never hit
  // them and can always be removed again (integration/test_faults.py,
  // test_health_metrics_and_administration_are_never_hit).
  if (operation.empty()) co_return Injected::kNothing;
  const Fault fault = context_.app.faults()->draw(operation);
  // A coroutine waits here and no thread does, so a delayed request holds up no other
  // (integration/test_faults.py, test_latency_holds_nobody_else_up).
  if (fault.latency.count() > 0) co_await delay(fault.latency);
  if (!fault.kind) co_return Injected::kNothing;
  if (*fault.kind == FaultKind::kReset) {
    co_return fault.after ? Injected::kLoseAnswer : Injected::kReset;
  }
  response = fault_response(fault, request);
  co_return Injected::kAnswered;
}

// A stop of the server does not wait for the end of the delay.
asio::awaitable<void> Connection::delay(std::chrono::milliseconds time) {
  asio::steady_timer pause(executor_);
  const auto end = Clock::now() + time;
  for (auto now = Clock::now(); now < end && !stopping_; now = Clock::now()) {
    // The wait is the server's wish, so it must not run into the client's deadline.
    set_deadline(context_.timeouts.progress);
    pause.expires_after(std::min<Clock::duration>(end - now, kStopPoll));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

// The client sees "connection reset by peer"; the access log shows status 0. SDKs treat it as a
// network error and try again, which an HTTP status would not show.
Connection::After Connection::reset(const api::HttpRequest& request) {
  stream_->reset();
  api::HttpResponse response;
  response.status = 0;  // none was sent
  response.note.error = "connection reset (/_ecr-local/faults)";
  log(request, response);
  return After::kClose;
}

}  // namespace ecr::server
