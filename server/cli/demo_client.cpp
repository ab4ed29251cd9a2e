#include "server/cli/demo_client.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/sigv4/sign.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "server/cli/server_client.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

// A start takes a fraction of a second. The limit is for machines that are very busy.
constexpr int kReadyMilliseconds = 15'000;

// Variables that configure the user's own server must not configure this one.
std::vector<char*> plain_environment() {
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with("ECR_LOCAL_")) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

// In memory, on a free port and without an access log: the demo leaves nothing behind and disturbs
// no other server. posix_spawn() and not fork(): it copies no memory of this process.
pid_t spawn_server(int output) {
  const char* const words[] = {"ecr-local",   "serve",        "--in-memory", "--listen",
                               "127.0.0.1:0", "--access-log", "off",         nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Only its standard output: the ready line comes there, and errors go to the user's terminal.
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::vector<char*> environment = plain_environment();
  pid_t pid = -1;
  // /proc/self/exe is this very program, wherever it is installed and whatever PATH says.
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, nullptr,
                                const_cast<char* const*>(words), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error(std::string("a server cannot be started: ") + std::strerror(error));
  }
  return pid;
}

// The first line, or its beginning where the process ends or is too slow.
std::string read_first_line(int fd) {
  std::string line;
  pollfd waiting{fd, POLLIN, 0};
  char c = 0;
  // Byte by byte: reading more could take output behind the line. A line of some sixty bytes is
  // read once.
  while (poll(&waiting, 1, kReadyMilliseconds) == 1 && ::read(fd, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

void end_process(pid_t pid) {
  kill(pid, SIGTERM);
  // Waits, so that no zombie is left and the port is free when the demo ends.
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

DemoClient::DemoClient(const std::string& url, std::string region, const base::Clock& clock)
    : url_(parse_server_url(url)),
      client_(make_command_client(url_.tls)),
      region_(std::move(region)),
      clock_(clock) {}

DemoReply DemoClient::send(const std::string& method, const std::string& target,
                           const HeaderPairs& headers, const std::string& body) const {
  api::ExchangeRequest request;
  request.url = url_;
  request.url.target = target;
  request.headers = headers;
  request.private_allowed = true;
  request.method = method;
  request.body = body;
  request.most_bytes = kMostServerAnswer;
  try {
    return api::fetch(client_, request);
  } catch (const api::TransportError& error) {
    throw std::runtime_error(base::format("no answer from {}://{}: {}", url_.tls ? "https" : "http",
                                          host(), error.what()));
  }
}

DemoReply DemoClient::send_signed(const DemoKeys& keys, const std::string& service,
                                  HeaderPairs headers, const std::string& body) const {
  auth::SigningInput input;
  input.headers = headers;
  // The Host header is signed (Signature Version 4 requires it): it is the one that the client
  // sends.
  input.headers.emplace_back("Host", host());
  input.body = body;
  input.access_key_id = keys.access_key;
  input.secret_access_key = keys.secret_key;
  input.region = region_;
  input.service = service;
  input.time = clock_.now();
  // The same code that the server's tests sign with; what it adds is the date, the hash and
  // Authorization.
  for (auto& each : auth::sign_headers(input)) headers.push_back(std::move(each));
  return send("POST", "/", headers, body);
}

DemoReply DemoClient::ecr(const DemoKeys& keys, const std::string& operation,
                          const std::string& body) const {
  return send_signed(keys, "ecr",
                     {{"Content-Type", "application/x-amz-json-1.1"},
                      // The target prefix of ECR's API model.
                      {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921." + operation}},
                     body);
}

DemoReply DemoClient::query(const DemoKeys& keys, const std::string& service,
                            const HeaderPairs& parameters) const {
  // The API versions of IAM and STS. Source: their API references, "Common parameters".
  std::string body = service == "iam" ? "Version=2010-05-08" : "Version=2011-06-15";
  for (const auto& [name, value] : parameters) {
    body += base::format("&{}={}", name, base::percent_encode(value));
  }
  return send_signed(keys, service, {{"Content-Type", "application/x-www-form-urlencoded"}}, body);
}

DemoReply DemoClient::registry(const std::string& password, const std::string& method,
                               const std::string& target, const std::string& body,
                               const std::string& content_type) const {
  HeaderPairs headers{// The user name of a registry login is always AWS (ECR user guide, "Private
                      // registry authentication").
                      {"Authorization", "Basic " + base::base64_encode("AWS:" + password)}};
  if (!content_type.empty()) headers.emplace_back("Content-Type", content_type);
  return send(method, target, headers, body);
}

DemoReply DemoClient::get(const std::string& target, const std::string& bearer) const {
  HeaderPairs headers;
  if (!bearer.empty()) headers.emplace_back("Authorization", "Bearer " + bearer);
  return send("GET", target, headers, {});
}

DemoServer::DemoServer() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("a pipe cannot be made");
  const storage::Fd reading(fds[0]);
  storage::Fd writing(fds[1]);
  // O_CLOEXEC keeps both ends out of the child; adddup2 makes the one copy that it should have.
  pid_ = spawn_server(writing.get());
  writing = storage::Fd();
  // With no writing end here, the read below ends when the process does.
  const std::string line = read_first_line(reading.get());
  constexpr std::string_view kReady = " ready on ";
  const std::size_t at = line.find(kReady);
  if (at == std::string::npos) {
    // The destructor does not run for an object whose constructor throws.
    end_process(pid_);
    throw std::runtime_error("a server of its own does not start: " + line);
  }
  url_ = line.substr(at + kReady.size());
}

DemoServer::~DemoServer() { end_process(pid_); }

}  // namespace ecr::server
