// One client connection: reads requests, has them answered, writes the answers, one after the
// other. Lives on one io thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "api/core/wire/http.h"
#include "schemas/base/clock.h"
#include "server/net/http_parser.h"
#include "server/net/stream.h"
#include "server/runtime/access_log.h"
#include "server/runtime/app.h"
#include "server/runtime/metrics.h"
#include "server/runtime/worker_pool.h"

namespace ecr::server {

struct Timeouts {
  std::chrono::seconds header{10};    // from the first byte of a request to the end of its header
  std::chrono::seconds idle{75};      // between requests
  std::chrono::seconds progress{30};  // for kProgressBytes more of a body, in either direction
  std::chrono::seconds linger{5};     // for a refused client to stop sending
};

struct ConnectionContext {
  const App& app;
  WorkerPool& workers;
  WorkerPool& outside;  // for what waits for other servers (HttpResponse::later)
  AccessLog& log;
  const base::Clock& clock;  // the machine's: HTTP dates and log lines
  base::Random& random;
  Timeouts timeouts;
  Metrics* metrics = nullptr;  // may be null
};

// Of a body that is kept in memory; nothing was done with it.
struct MalformedBody {
  FramingError framing;
};

class Connection {
 public:
  Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, std::string peer,
             asio::any_io_executor executor);

  // Until the client goes, misbehaves, or the server stops. Never throws.
  asio::awaitable<void> serve();

  // Called by the sweeper of the io thread.
  void close_if_late(std::chrono::steady_clock::time_point now);
  // Answers what is running, takes nothing new.
  void stop();

 private:
  enum class After { kNext, kClose };
  using Deadline = std::chrono::steady_clock::time_point;

  asio::awaitable<After> serve_one();
  asio::awaitable<bool> read_head(RequestParser& parser);
  asio::awaitable<After> answer(RequestParser& parser, api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> execute(RequestParser& parser, api::HttpRequest& request);
  // What was asked for by /_ecr-local/faults, before the request is carried out.
  enum class Injected { kNothing, kAnswered, kReset, kLoseAnswer };
  asio::awaitable<Injected> inject(RequestParser& parser, api::HttpRequest& request,
                                   api::HttpResponse& response);
  asio::awaitable<void> delay(std::chrono::milliseconds time);
  After reset(const api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> run_buffered(RequestParser& parser, api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> run_streamed(RequestParser& parser,
                                                  const api::HttpRequest& request);
  asio::awaitable<api::HttpResponse> pump(RequestParser& parser, api::BodySink& sink);
  asio::awaitable<bool> read_body(RequestParser& parser, std::string& body, std::uint64_t limit);
  asio::awaitable<After> send(RequestParser& parser, const api::HttpRequest& request,
                              const api::HttpResponse& response);
  asio::awaitable<void> send_live(api::BodySource& source);
  asio::awaitable<void> send_slice(const api::FileSlice& slice);
  asio::awaitable<void> send_pieces(api::PieceSource& pieces);
  asio::awaitable<bool> drain(RequestParser& parser);
  asio::awaitable<void> linger();
  asio::awaitable<void> refuse(const FramingError& error);
  asio::awaitable<void> send_continue();
  asio::awaitable<std::size_t> fill();
  void log(const api::HttpRequest& request, const api::HttpResponse& response);

  void consume(std::size_t bytes);
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void set_deadline(std::chrono::seconds from_now);
  void note_progress(std::size_t bytes);

  ConnectionContext& context_;
  std::unique_ptr<Stream> stream_;
  const std::string peer_;
  asio::any_io_executor executor_;
  WorkerJob job_;
  WorkerJob outside_job_;
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
