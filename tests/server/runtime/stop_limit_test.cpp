// The end of the program, and addresses that only this machine can reach.
#include "server/runtime/stop_limit.h"

#include <future>

#include <gtest/gtest.h>

#include "server/runtime/listen_address.h"

namespace ecr::server {
namespace {

using std::chrono::milliseconds;

TEST(StopLimit, EndsWhatDoesNotEnd) {
  std::promise<void> ended;
  StopLimit limit([&] { ended.set_value(); });
  limit.begin(milliseconds(0));
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(StopLimit, DoesNothingWhereTheEndComesInTimeOrNoStopBegan) {
  bool ended = false;
  {
    StopLimit limit([&] { ended = true; });
    limit.begin(std::chrono::hours(1));
  }
  {
    const StopLimit never([&] { ended = true; });
  }
  EXPECT_FALSE(ended);
}

TEST(ListenAddress, OnlyAddressesOfThisMachineAreLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.255.255.254:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(is_loopback(parse_listen_address(text, "--listen"))) << text;
  }
  for (const char* text : {"127.example.com:1", "127.0.0.1.example.com:1", "127.:1", "0.0.0.0:1",
                           ":1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1", "example.com:1"}) {
    EXPECT_FALSE(is_loopback(parse_listen_address(text, "--listen"))) << text;
  }
}

}  // namespace
}  // namespace ecr::server
