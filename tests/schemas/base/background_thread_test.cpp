#include "schemas/base/background_thread.h"

#include <atomic>

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

TEST(BackgroundThread, AStopEndsAPauseAtOnce) {
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<bool> paused{false};
  std::atomic<bool> ended{false};
  {
    const BackgroundThread thread([&](BackgroundStop& stop) {
      paused = true;
      EXPECT_FALSE(stop.pause(std::chrono::hours(1)));
      EXPECT_TRUE(stop.requested());
      ended = true;
    });
    while (!paused) std::this_thread::yield();
  }
  EXPECT_TRUE(ended);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::minutes(10));
}

TEST(BackgroundThread, WakesWorkThatWaitsForSomethingElse) {
  std::atomic<bool> woken{false};
  {
    const BackgroundThread thread([&](BackgroundStop& stop) {
      const std::stop_callback wake(stop.token(), [&woken] { woken = true; });
      while (!woken) std::this_thread::yield();
      EXPECT_FALSE(stop.pause(std::chrono::milliseconds(0)));
    });
  }
  EXPECT_TRUE(woken);
}

TEST(BackgroundThread, APauseWithoutAStopLastsItsTime) {
  std::atomic<bool> went_on{false};
  {
    const BackgroundThread thread(
        [&](BackgroundStop& stop) { went_on = stop.pause(std::chrono::milliseconds(1)); });
    while (!went_on) std::this_thread::yield();
  }
  EXPECT_TRUE(went_on);
}

}  // namespace
}  // namespace ecr::base
