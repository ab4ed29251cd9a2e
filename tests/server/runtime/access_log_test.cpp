// Lines of the access log, and the addresses of listeners.
#include "server/runtime/access_log.h"

#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

// The text that the log writes for one entry.
std::string logged(LogFormat format, const AccessEntry& entry) {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  {
    AccessLog log(format, pipe_fds[1]);
    log.write(entry);
  }
  close(pipe_fds[1]);
  std::string text(4096, '\0');
  const ssize_t n = read(pipe_fds[0], text.data(), text.size());
  close(pipe_fds[0]);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

TEST(AccessLog, AnEntryIsOneLineWithoutTheQuery) {
  api::LogNote note;
  note.principal = "arn:aws:iam::1:user/j";
  note.action = "ecr:PutImage";
  note.error = "a\nb";
  AccessEntry entry;
  entry.request_id = "id";
  entry.method = "PUT";
  entry.target = "/v2/a?X-Amz-Signature=secret";
  entry.status = 403;
  entry.note = &note;
  const std::string text = logged(LogFormat::kText, entry);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  const auto json = nlohmann::json::parse(logged(LogFormat::kJson, entry));
  EXPECT_EQ(json["path"], "/v2/a");
  EXPECT_EQ(json["error"], "a\nb");
  EXPECT_EQ(json["requestId"], "id");
  EXPECT_EQ(logged(LogFormat::kOff, entry), "");
}

TEST(ListenAddress, IsHostAndPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80", "--listen").port, 80);
  EXPECT_EQ(parse_listen_address("[::1]:0", "--listen").host, "::1");
  EXPECT_EQ(parse_listen_address(":80", "--listen").host, "0.0.0.0");
  for (const char* bad : {"", "80", "host", "host:", "host:x", "host:70000", "::1:80"}) {
    EXPECT_THROW(parse_listen_address(bad, "--listen"), std::runtime_error) << bad;
  }
}

}  // namespace
}  // namespace ecr::server
