// Lines of the access log, and the addresses of listeners.
#include "server/runtime/access_log.h"

#include <algorithm>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

// The text that the log writes for one entry. `console`: the address of the console; empty: none.
std::string logged(LogFormat format, const AccessEntry& entry, const std::string& console = {}) {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  {
    AccessLog log(format, pipe_fds[1]);
    log.set_console(console);
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

TEST(AccessLog, HealthChecksThatGoWellHaveNoLine) {
  api::HttpResponse response;
  EXPECT_TRUE(is_worth_logging(response));
  response.note.probe = true;
  EXPECT_FALSE(is_worth_logging(response));
  response.status = 503;
  EXPECT_TRUE(is_worth_logging(response));
}

// A person who reads the log is one click away from why it was denied.
TEST(AccessLog, ADenialNamesTheAddressOfItsDecision) {
  const std::string console = "http://127.0.0.1:4599/_ecr-local/console";
  api::LogNote note;
  note.error = "no";
  AccessEntry entry;
  entry.request_id = "id-1";
  entry.status = 403;
  entry.note = &note;
  EXPECT_EQ(logged(LogFormat::kText, entry, console).find("console="), std::string::npos);
  note.denied = true;
  EXPECT_TRUE(logged(LogFormat::kText, entry, console)
                  .ends_with(" error=\"no\" console=" + console + "#/denied/id-1\n"));
  const auto json = nlohmann::json::parse(logged(LogFormat::kJson, entry, console));
  EXPECT_EQ(json["console"], console + "#/denied/id-1");
  EXPECT_EQ(logged(LogFormat::kText, entry).find("console="), std::string::npos);
}

TEST(AccessLog, WhatSoftModeLetPassIsNoError) {
  api::LogNote note;
  note.iam_soft = "User: j is not authorized";
  AccessEntry entry;
  entry.status = 200;
  entry.note = &note;
  const std::string text = logged(LogFormat::kText, entry);
  EXPECT_NE(text.find(" iam_soft=\"User: j is not authorized\"\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("error="), std::string::npos);
  const auto json = nlohmann::json::parse(logged(LogFormat::kJson, entry));
  EXPECT_EQ(json["iamSoft"], note.iam_soft);
  EXPECT_FALSE(json.contains("error"));
  // Both texts fit into a line.
  note.error = std::string(5000, '"');
  note.iam_soft = std::string(5000, '"');
  EXPECT_LT(logged(LogFormat::kText, entry).size(), kMaxLogLine);
}

// A line of text that has nothing but what the shell wrote, with these texts of a client in it.
std::string logged_text(std::string_view target, const std::string& error, LogFormat format) {
  api::LogNote note;
  note.error = error;
  note.principal = error;
  AccessEntry entry;
  entry.method = "GET";
  entry.target = target;
  entry.note = &note;
  return logged(format, entry);
}

TEST(AccessLog, ClientsForgeNoFields) {
  const std::string text =
      logged_text("/a\" 200 in=0\\\xff\xc2\x9b", "e\" action=ecr:X\x1b[2J", LogFormat::kText);
  EXPECT_NE(text.find(R"(GET /a\"\x20200\x20in=0\\\xff\xc2\x9b")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"( principal=e\"\x20action=ecr:X\x1b[2J )"), std::string::npos) << text;
  EXPECT_NE(text.find(R"( error="e\" action=ecr:X\x1b[2J")"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(logged_text("/a\xff", "\xff", LogFormat::kJson));
  EXPECT_EQ(json["path"], "/a\xEF\xBF\xBD");
}

TEST(AccessLog, LinesAreCut) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    for (const char* unit : {"x", "\x01", "\"", "\xff", "\xc2\x9b", "\xe2\x82\xac"}) {
      std::string large;
      for (int i = 0; i < 100'000; ++i) large += unit;
      const std::string line = logged_text("/" + large, large, format);
      EXPECT_LE(line.size(), kMaxLogLine) << unit;
      EXPECT_GT(line.size(), 600u) << unit;
      EXPECT_TRUE(line.ends_with('\n')) << unit;
      EXPECT_TRUE(base::is_valid_utf8(line)) << unit;
    }
  }
}

TEST(AccessLog, WhatNothingReadsIsDroppedAndCounted) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  std::string text;
  {
    AccessLog log(LogFormat::kText, fds[1], 10'000);
    AccessEntry entry;
    entry.target = "/";
    for (int i = 0; i < 5000; ++i) log.write(entry);  // far more than a pipe and 10,000 bytes hold
    EXPECT_GT(log.dropped(), 0u);
    EXPECT_LT(log.dropped(), 5000u);
    // A reader that comes late is told.
    char buffer[4096];
    while (text.find("were dropped") == std::string::npos) {
      const ssize_t n = read(fds[0], buffer, sizeof buffer);
      ASSERT_GT(n, 0);
      text.append(buffer, static_cast<std::size_t>(n));
      log.write(entry);
    }
  }
  close(fds[0]);
  close(fds[1]);
}

TEST(AccessLog, ItSettlesOnceEveryLineIsWritten) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  AccessLog log(LogFormat::kText, fds[1]);
  log.say("hello");
  log.settle(std::chrono::seconds(10));
  int waiting = 0;
  ASSERT_EQ(ioctl(fds[0], FIONREAD, &waiting), 0);
  EXPECT_GT(waiting, 5);
  close(fds[0]);
  close(fds[1]);
}

TEST(AccessLog, AReaderThatIsGoneStopsNothing) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[0]);
  {
    AccessLog log(LogFormat::kText, fds[1]);
    log.say("hello");
  }  // and ends
  close(fds[1]);
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
