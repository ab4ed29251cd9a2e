// Keys of issuers: where they come from, and how often they are asked for.
#include "api/sts/issuer_keys.h"

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

TEST_F(IssuerKeysTest, ManyThreadsShareOneFetch) {
  class SlowWeb : public HttpsFetcher {
   public:
    explicit SlowWeb(FakeWeb& web) : web_(web) {}
    tl::expected<std::string, std::string> get(const std::string& url) override {
      const std::lock_guard lock(mutex_);
      return web_.get(url);
    }

   private:
    FakeWeb& web_;
    std::mutex mutex_;
  } slow{web};
  publish(first.key_set());
  IssuerKeys shared{clock, &slow};
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

}  // namespace
}  // namespace ecr::api::test
