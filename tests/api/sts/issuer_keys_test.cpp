// Keys of issuers: where they come from, and how often they are asked for.
#include "api/sts/issuer_keys.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/api/fixture.h"
#include "tests/auth/token_issuer.h"

namespace ecr::api::test {
namespace {

using auth::test::TokenIssuer;
using std::chrono::seconds;
using sts::IssuerKeys;

constexpr const char* kKeyIssuer = "https://issuer.example/tenant";
constexpr const char* kDescription =
    "https://issuer.example/tenant/.well-known/openid-configuration";
constexpr const char* kKeys = "https://keys.example/jwks";

class IssuerKeysTest : public ::testing::Test {
 protected:
  void publish(const std::string& key_set) {
    web.documents[kDescription] = Json{{"issuer", kKeyIssuer}, {"jwks_uri", kKeys}}.dump();
    web.documents[kKeys] = key_set;
  }
  FixedClock clock;
  FakeWeb web;
  IssuerKeys keys{clock, &web};
  TokenIssuer first{"ES256", "k1"};
  TokenIssuer second{"ES256", "k2"};
};

TEST_F(IssuerKeysTest, AreFetchedOnceAnHour) {
  publish(first.key_set());
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, "k1").value()->has_key("k1"));
  EXPECT_EQ(web.asked, (std::vector<std::string>{kDescription, kKeys}));
  EXPECT_TRUE(keys.keys_of(std::string(kKeyIssuer) + "/", "k1"));
  clock.time += seconds(3599);
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, std::nullopt));
  EXPECT_EQ(web.asked.size(), 2u);
  clock.time += seconds(1);
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, "k1"));
  EXPECT_EQ(web.asked.size(), 4u);
}

TEST_F(IssuerKeysTest, AnUnknownKeyIsAskedForTwiceAMinuteAtMost) {
  publish(first.key_set());
  keys.keys_of(kKeyIssuer, "k1").value();
  publish(second.key_set());
  EXPECT_FALSE(keys.keys_of(kKeyIssuer, "k2").value()->has_key("k2"));
  EXPECT_EQ(web.asked.size(), 2u);
  clock.time += seconds(30);
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, "k2").value()->has_key("k2"));
  EXPECT_EQ(web.asked.size(), 4u);
}

TEST_F(IssuerKeysTest, FailuresAreToldApartAndSoonTriedAgain) {
  EXPECT_EQ(keys.keys_of(kKeyIssuer, "k1").error(), IssuerKeys::Failure::kUnreachable);
  publish(first.key_set());
  EXPECT_EQ(keys.keys_of(kKeyIssuer, "k1").error(), IssuerKeys::Failure::kUnreachable);
  clock.time += seconds(5);
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, "k1"));
  const std::string descriptions[] = {
      "no JSON", "[]",
      Json{{"issuer", "https://other.example"}, {"jwks_uri", kKeys}}.dump(),  // somebody else's
      Json{{"issuer", kKeyIssuer}}.dump(),
      Json{{"issuer", kKeyIssuer}, {"jwks_uri", "http://keys.example/jwks"}}.dump()};  // not HTTPS
  for (const std::string& description : descriptions) {
    IssuerKeys fresh{clock, &web};
    web.documents[kDescription] = description;
    EXPECT_EQ(fresh.keys_of(kKeyIssuer, "k1").error(), IssuerKeys::Failure::kNoKeys) << description;
  }
  IssuerKeys fresh{clock, &web};
  publish(R"({"keys":[]})");
  EXPECT_EQ(fresh.keys_of(kKeyIssuer, "k1").error(), IssuerKeys::Failure::kNoKeys);
}

TEST_F(IssuerKeysTest, GivenOnesAreNeverFetched) {
  keys.set(kKeyIssuer, auth::JsonWebKeySet::parse(first.key_set()).value());
  EXPECT_FALSE(keys.keys_of(kKeyIssuer, "k2").value()->has_key("k2"));
  EXPECT_TRUE(web.asked.empty());
}

// A web that answers for the issuer's description once it is told to.
class HeldWeb : public Transport {
 public:
  explicit HeldWeb(FakeWeb& web) : web_(web) {}
  void exchange(const ExchangeRequest& request, const OnHead& on_head,
                const OnBody& on_body) override {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_ || request.url.text() != kDescription; });
    web_.exchange(request, on_head, on_body);
  }
  void wait_asked(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= times; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  FakeWeb& web_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  bool released_ = false;
};

TEST_F(IssuerKeysTest, ManyThreadsShareOneFetch) {
  HeldWeb held{web};
  held.release();
  publish(first.key_set());
  IssuerKeys shared{clock, &held};
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto found = shared.keys_of(kKeyIssuer, "k1");
      if (found && (*found)->has_key("k1")) ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(web.asked.size(), 2u);
}

TEST_F(IssuerKeysTest, CallersThatWaitAreBounded) {
  HeldWeb held{web};
  publish(first.key_set());
  IssuerKeys shared{clock, &held};
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (std::size_t i = 0; i < IssuerKeys::kMostWaiting + 1; ++i) {
    threads.emplace_back([&] {
      if (!shared.keys_of(kKeyIssuer, "k1")) ++refused;
    });
  }
  // All but one wait; that one is refused although nothing is answered yet.
  while (refused == 0) std::this_thread::yield();
  held.release();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(refused, 1);
}

TEST_F(IssuerKeysTest, AFetchUnderWayIsForgottenForNoOtherIssuer) {
  HeldWeb held{web};
  publish(first.key_set());
  IssuerKeys shared{clock, &held};
  std::thread waits([&] { EXPECT_TRUE(shared.keys_of(kKeyIssuer, "k1")); });
  held.wait_asked(1);
  // More issuers than are remembered.
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(shared.keys_of("https://other.example/" + std::to_string(i), "k1"));
  }
  std::thread joins([&] { EXPECT_TRUE(shared.keys_of(kKeyIssuer, "k1")); });
  held.release();
  waits.join();
  joins.join();
  EXPECT_EQ(std::count(web.asked.begin(), web.asked.end(), kKeys), 1);
}

TEST_F(IssuerKeysTest, OnlyServersThatTheOperatorNamedMayBePrivate) {
  publish(first.key_set());
  EXPECT_TRUE(keys.keys_of(kKeyIssuer, "k1"));
  EXPECT_TRUE(web.asked_privately.empty());
  IssuerKeys named{clock, &web, {.private_servers = {*base::parse_url("https://issuer.example")}}};
  EXPECT_TRUE(named.keys_of(kKeyIssuer, "k1"));
  // Its keys are at another server, which it alone named.
  EXPECT_EQ(web.asked_privately, std::vector<std::string>{kDescription});
}

TEST_F(IssuerKeysTest, DocumentsAreBounded) {
  publish(first.key_set() + std::string(IssuerKeys::kMostBytes, ' '));
  EXPECT_EQ(keys.keys_of(kKeyIssuer, "k1").error(), IssuerKeys::Failure::kUnreachable);
}

}  // namespace
}  // namespace ecr::api::test
