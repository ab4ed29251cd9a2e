// What a connection does on purpose to a request that /_ecr-local/faults names.
#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/faults/fault_response.h"
#include "server/faults/fault_rules.h"
#include "server/net/connection.h"

namespace ecr::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStopPoll{100};

}  // namespace

asio::awaitable<Connection::Injected> Connection::inject(RequestParser& parser,
                                                         api::HttpRequest& request,
                                                         api::HttpResponse& response) {
  if (request.path() == "/") {  // the body of a form names the operation
    const std::uint64_t limit = context_.app.plan(request).limit;
    const bool fits = co_await read_body(parser, request.body, limit);
    if (!fits) co_return Injected::kNothing;  // is refused as ever
  }
  const std::string operation = context_.app.operation_of(request);
  if (operation.empty()) co_return Injected::kNothing;
  const Fault fault = context_.app.faults()->draw(operation);
  if (fault.latency.count() > 0) co_await delay(fault.latency);
  if (!fault.kind) co_return Injected::kNothing;
  if (*fault.kind == FaultKind::kReset) {
    co_return fault.after ? Injected::kLoseAnswer : Injected::kReset;
  }
  response = fault_response(fault, operation, request);
  co_return Injected::kAnswered;
}

// A stop does not wait for it.
asio::awaitable<void> Connection::delay(std::chrono::milliseconds time) {
  asio::steady_timer pause(executor_);
  const auto end = Clock::now() + time;
  for (auto now = Clock::now(); now < end && !stopping_; now = Clock::now()) {
    set_deadline(context_.timeouts.progress);
    pause.expires_after(std::min<Clock::duration>(end - now, kStopPoll));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

Connection::After Connection::reset(const api::HttpRequest& request) {
  stream_->reset();
  api::HttpResponse response;
  response.status = 0;  // none was sent
  response.note.error = "connection reset (/_ecr-local/faults)";
  log(request, response);
  return After::kClose;
}

}  // namespace ecr::server
