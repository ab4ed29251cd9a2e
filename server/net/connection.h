// One client connection: reads requests, runs them on workers and writes the answers, one after the
// other. Lives on one io thread. The .cpp files: connection.cpp (the life of a request and injected
// faults), connection_body.cpp (its body), connection_send.cpp (its answer).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "api/core/wire/http.h"
#include "schemas/base/clock.h"
#include "server/net/http_parser.h"
#include "server/net/stream.h"
#include "server/net/worker_pool.h"
#include "server/runtime/access_log.h"
#include "server/runtime/app.h"
#include "server/runtime/memory_budget.h"
#include "server/runtime/metrics.h"
#include "server/runtime/request_log.h"

namespace ecr::server {

struct ConnectionContext {
  const App& app;
  WorkerPool& workers;
  WorkerPool& outside;  // for work that waits for other servers (HttpResponse::later)
  AccessLog& log;
  const base::Clock& clock;  // the machine's: HTTP dates and log lines
  base::Random& random;
  Timeouts timeouts;
  MemoryBudget& memory;                  // of callers who are not authenticated yet
  Metrics* metrics = nullptr;            // may be null
  RequestLog* requests = nullptr;        // may be null
  std::atomic<bool> told_of_tls{false};  // the log has said that a client spoke TLS to a plain port
};

// Thrown when the framing of a body is broken, before anything was done with the body. Only bodies
// that are kept in memory end this way; a streamed body ends with ApiError.
struct MalformedBody {
  FramingError framing;
};

class Connection {
 public:
  Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, std::string peer,
             asio::any_io_executor executor, bool metadata);

  // Serves until the client leaves or misbehaves, or the server stops. Never throws.
  asio::awaitable<void> serve();

  // Called by the sweeper of the io thread.
  void close_if_late(std::chrono::steady_clock::time_point now);
  // Answers the request that is running, and takes no new one.
  void stop();

 private:
  enum class After { kNext, kClose };
  using Deadline = std::chrono::steady_clock::time_point;

  asio::awaitable<After> serve_one();
  asio::awaitable<bool> read_head(RequestParser& parser);
  asio::awaitable<After> answer(RequestParser& parser, api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> execute(RequestParser& parser, api::HttpRequest& request);
  // The effect of an injected fault (/_ecr-local/faults) on a request before it is carried out.
  enum class Injected { kNothing, kAnswered, kReset, kLoseAnswer };
  asio::awaitable<Injected> inject(RequestParser& parser, api::HttpRequest& request,
                                   api::HttpResponse& response);
  asio::awaitable<void> delay(std::chrono::milliseconds time);
  After reset(const api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> run_buffered(RequestParser& parser, api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> run_streamed(RequestParser& parser,
                                                  const api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> pump(RequestParser& parser, api::BodySink& sink);
  asio::awaitable<std::optional<api::HttpResponse>> take_body(RequestParser& parser,
                                                              api::HttpRequest& request);
  enum class Taken { kWhole, kTooLarge, kNoMemory };
  asio::awaitable<Taken> read_body(RequestParser& parser, std::string& body, std::uint64_t limit,
                                   bool known);
  asio::awaitable<bool> claim(std::size_t bytes);
  asio::awaitable<After> send(RequestParser& parser, const api::HttpRequest& request,
                              const api::HttpResponse& response);
  asio::awaitable<void> send_live(api::BodySource& source);
  asio::awaitable<void> send_slice(const api::FileSlice& slice);
  asio::awaitable<void> send_pieces(api::PieceSource& pieces);
  asio::awaitable<bool> drain(RequestParser& parser);
  asio::awaitable<void> linger();
  enum class Line { kWritten, kLeftOut };
  asio::awaitable<void> refuse(const FramingError& error, Line line = Line::kWritten);
  asio::awaitable<void> refuse_tls();
  void log_plain_http();
  asio::awaitable<void> send_continue();
  bool make_room();
  void give_back_room();
  asio::awaitable<std::size_t> fill();
  void log(const api::HttpRequest& request, const api::HttpResponse& response,
           Line line = Line::kWritten);

  void consume(std::size_t bytes);
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void set_deadline(std::chrono::seconds from_now);
  void note_progress(std::size_t bytes);

  ConnectionContext& context_;
  std::unique_ptr<Stream> stream_;
  const std::string peer_;
  const bool metadata_;  // of the listener
  asio::any_io_executor executor_;
  WorkerJob job_;
  WorkerJob outside_job_;
  MemoryBudget::Claim head_memory_;  // what buffer_ has grown by
  MemoryBudget::Claim body_memory_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Deadline deadline_;
  std::size_t progress_ = 0;
  bool idle_ = true;
  bool stopping_ = false;
  bool owes_continue_ = false;  // the client waits for "100 Continue" before it sends the body
  std::uint64_t received_ = 0;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace ecr::server
