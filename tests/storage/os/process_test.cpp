#include "storage/os/process.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

namespace ecr::storage {
namespace {

using std::chrono::seconds;

TEST(Process, ReturnsOutputErrorsAndStatus) {
  const auto result = run_shell_command("echo out; echo err >&2; exit 3", {});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_FALSE(result.timed_out);
  EXPECT_FALSE(result.too_much_output);
}

TEST(Process, GetsItsVariablesAndAnEmptyInput) {
  const auto result = run_shell_command(R"(cat; printf '%s|%s' "$IMAGE" "${PATH:+path}")",
                                        {{"IMAGE", "a b;$(id)"}});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "a b;$(id)|path");
}

TEST(Process, MayFillBothPipes) {
  const auto result = run_shell_command(
      "i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo 0123456789 >&2; i=$((i+1)); done", {});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output.size(), 220'000U);
  EXPECT_EQ(result.errors.size(), 16U << 10);
}

TEST(Process, IsKilledWithItsChildrenAtItsTimeLimit) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_shell_command("sleep 60 & sleep 60", {}, {.time = seconds(1)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.status, 128 + 9);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));
}

TEST(Process, IsKilledWhenItIsCancelled) {
  int asked = 0;
  const auto result = run_shell_command("sleep 60", {}, {.cancelled = [&] { return ++asked > 2; }});
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.status, 128 + 9);
}

TEST(Process, MayNotGoOnForEverWithItsOutputClosed) {
  const auto result =
      run_shell_command("exec >/dev/null 2>&1; sleep 60", {}, {.time = std::chrono::seconds(1)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.status, 128 + 9);
}

TEST(Process, EndsWithWhatItLeftInTheBackground) {
  const auto result =
      run_shell_command("sleep 60 >/dev/null 2>&1 & echo $!; exit 2", {}, {.time = seconds(30)});
  EXPECT_EQ(result.status, 2);
  const auto pid = static_cast<pid_t>(std::stol(result.output));
  // Gone, or a zombie that nobody has waited for yet.
  const auto is_gone = [pid] {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    return !std::getline(status, text) || text.find(") Z ") != std::string::npos;
  };
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (!is_gone() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(is_gone());
}

TEST(Process, InheritsNoSecrets) {
  ASSERT_EQ(setenv("ECR_LOCAL_ADMIN_TOKEN", "secret-1", 1), 0);
  ASSERT_EQ(setenv("AWS_SECRET_ACCESS_KEY", "secret-2", 1), 0);
  ASSERT_EQ(setenv("TRIVY_CACHE_DIR", "/cache", 1), 0);
  const auto result = run_shell_command("env", {{"IMAGE", "i"}});
  for (const char* name : {"ECR_LOCAL_ADMIN_TOKEN", "AWS_SECRET_ACCESS_KEY", "TRIVY_CACHE_DIR"}) {
    unsetenv(name);
  }
  EXPECT_EQ(result.output.find("secret"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("TRIVY_CACHE_DIR=/cache\n"), std::string::npos);
  EXPECT_NE(result.output.find("IMAGE=i\n"), std::string::npos);
}

TEST(Process, IsKilledWhenItWritesTooMuch) {
  const auto result = run_shell_command("yes", {}, {.output = 1000});
  EXPECT_TRUE(result.too_much_output);
  EXPECT_NE(result.status, 0);
}

TEST(Process, AnUnknownProgramFails) {
  EXPECT_EQ(run_shell_command("there-is-no-such-program", {}).status, 127);
}

}  // namespace
}  // namespace ecr::storage
