// The client of upstream registries, on a network in memory: which servers get credentials, where
// redirects may lead, which answers are believed.
#include "api/pull_through/registry_client.h"

#include <gtest/gtest.h>

#include "schemas/model/digest.h"
#include "tests/api/pull_through/fake_transport.h"

namespace ecr::api::test {
namespace {

using pull_through::RegistryClient;
using pull_through::Secret;
using pull_through::Upstream;
using pull_through::UpstreamError;
using pull_through::UpstreamFailure;
using RegistryAnswer = FakeTransport::Answer;

class StoppedClock : public base::Clock {
 public:
  base::TimePoint now() const override { return time; }
  base::TimePoint time = base::TimePoint(std::chrono::hours(480'000));
};

const std::string kManifest = R"({"schemaVersion":2})";
const std::string kBase = "https://reg.example";
const std::string kPath = "/v2/app/manifests/1";
const std::string kBasic = "Basic amFuZTpzM2NyZXQ=";  // jane:s3cret

class UpstreamClient : public ::testing::Test {
 protected:
  pull_through::UpstreamManifest get(const std::string& reference = "1") {
    return client.manifest(upstream, "app", reference);
  }
  UpstreamFailure failure(const std::string& reference = "1") {
    try {
      get(reference);
    } catch (const UpstreamError& error) {
      EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos);
      return error.failure();
    }
    ADD_FAILURE() << "it has an answer";
    return UpstreamFailure::kInvalid;
  }
  // Answers `url` to requests with that authorization, and challenges all others.
  void protect(const std::string& url, const std::string& authorization,
               const std::string& challenge) {
    protected_ = {url, authorization};
    welcome = {200, {{"content-type", "t"}}, kManifest};
    refusal = {401, {{"www-authenticate", challenge}}, ""};
    web.guard = [this](const FakeTransport::Asked& asked) -> const RegistryAnswer* {
      if (asked.url != protected_.first) return nullptr;
      return asked.authorization == protected_.second ? &welcome : &refusal;
    };
  }

  FakeTransport web;
  StoppedClock clock;
  RegistryClient client{web, clock};
  Upstream upstream{*base::parse_url(kBase), false, Secret{"jane", "s3cret"}};
  std::pair<std::string, std::string> protected_;
  RegistryAnswer welcome;
  RegistryAnswer refusal;
};

TEST_F(UpstreamClient, AManifestIsWhatItsDigestSays) {
  const std::string digest = model::Digest::of(kManifest).text();
  web.set(
      kBase + kPath,
      {200, {{"content-type", "t; charset=utf-8"}, {"docker-content-digest", digest}}, kManifest});
  const auto manifest = get();
  EXPECT_EQ(manifest.bytes, kManifest);
  EXPECT_EQ(manifest.media_type, "t");
  EXPECT_EQ(manifest.digest.text(), digest);
  EXPECT_EQ(web.asked().at(0).authorization, "") << "nobody asked for credentials";

  const std::string other = model::Digest::of("other").text();
  web.set(kBase + kPath, {200, {{"docker-content-digest", other}}, kManifest});
  EXPECT_EQ(failure(), UpstreamFailure::kInvalid);
  web.set(kBase + "/v2/app/manifests/" + other, {200, {}, kManifest});
  EXPECT_EQ(failure(other), UpstreamFailure::kInvalid);
  web.set(kBase + kPath, {200, {}, std::string((4u << 20) + 1, 'x')});
  EXPECT_EQ(failure(), UpstreamFailure::kInvalid);
}

TEST_F(UpstreamClient, StatusesAreFailures) {
  const std::pair<int, UpstreamFailure> kCases[] = {
      {401, UpstreamFailure::kAccessDenied}, {403, UpstreamFailure::kAccessDenied},
      {404, UpstreamFailure::kNotFound},     {429, UpstreamFailure::kTooManyRequests},
      {500, UpstreamFailure::kUnavailable},  {204, UpstreamFailure::kUnavailable}};
  for (const auto& [status, expected] : kCases) {
    web.set(kBase + kPath, {status, {}, ""});
    EXPECT_EQ(failure(), expected) << status;
  }
  web.remove(kBase + kPath);
  EXPECT_EQ(failure(), UpstreamFailure::kUnavailable);
}

TEST_F(UpstreamClient, BasicCredentialsAnswerABasicChallenge) {
  protect(kBase + kPath, kBasic, R"(Basic realm="x")");
  EXPECT_EQ(get().bytes, kManifest);
  get();  // remembered
  EXPECT_EQ(web.asked().size(), 3u);
  clock.time += std::chrono::hours(1);
  get();  // asked for again
  EXPECT_EQ(web.asked().size(), 5u);
  upstream.secret = Secret{"jane", "wrong"};
  EXPECT_EQ(failure(), UpstreamFailure::kAccessDenied);
  upstream.secret.reset();
  EXPECT_EQ(failure(), UpstreamFailure::kAccessDenied);
}

TEST_F(UpstreamClient, TokensComeFromTheRegistrysOwnRealm) {
  const std::string token_url = "https://reg.example/token?service=s&scope=repository%3Aapp%3Apull";
  protect(kBase + kPath, "Bearer t1", R"(Bearer realm="https://reg.example/token",service="s")");
  web.set(token_url, {200, {}, R"({"token":"t1","expires_in":300})"});
  EXPECT_EQ(get().bytes, kManifest);
  EXPECT_EQ(web.asked().at(1).url, token_url);
  EXPECT_EQ(web.asked().at(1).authorization, kBasic);
  get();
  EXPECT_EQ(web.times_asked(token_url), 1u);
  clock.time += std::chrono::seconds(295);
  get();
  EXPECT_EQ(web.times_asked(token_url), 2u);
}

TEST_F(UpstreamClient, AForeignRealmGetsNothing) {
  for (const char* realm : {"https://evil.example/token", "http://reg.example/token",
                            "https://169.254.169.254/latest", "not a url", ""}) {
    protect(kBase + kPath, "Bearer t1", std::string("Bearer realm=\"") + realm + '"');
    const std::size_t before = web.asked().size();
    EXPECT_EQ(failure(), UpstreamFailure::kAccessDenied) << realm;
    EXPECT_EQ(web.asked().size(), before + 1) << realm << " was asked";
  }
}

TEST_F(UpstreamClient, RedirectsTakeNoCredentialsAlong) {
  upstream.mapped = true;
  protect(kBase + kPath, kBasic, "Basic");
  welcome = {307, {{"location", "https://cdn.example/blob"}}, ""};
  web.set("https://cdn.example/blob", {200, {}, kManifest});
  EXPECT_EQ(get().bytes, kManifest);
  const auto asked = web.asked();
  EXPECT_EQ(asked.at(1).authorization, kBasic);
  EXPECT_TRUE(asked.at(1).private_allowed);
  EXPECT_EQ(asked.at(2).url, "https://cdn.example/blob");
  EXPECT_EQ(asked.at(2).authorization, "");
  EXPECT_FALSE(asked.at(2).private_allowed) << "only the mapped server may be private";
}

TEST_F(UpstreamClient, RedirectsEnd) {
  web.set(kBase + kPath, {302, {{"location", "http://reg.example/plain"}}, ""});
  EXPECT_EQ(failure(), UpstreamFailure::kInvalid) << "no way down to http";
  web.set(kBase + kPath, {302, {{"location", kPath}}, ""});
  const std::size_t before = web.asked().size();
  EXPECT_EQ(failure(), UpstreamFailure::kInvalid);
  EXPECT_EQ(web.asked().size(), before + 6);
  web.set(kBase + kPath, {302, {}, ""});
  EXPECT_EQ(failure(), UpstreamFailure::kUnavailable);
  // Another port of a mapped server is another server.
  upstream.mapped = true;
  web.set(kBase + kPath, {302, {{"location", "https://reg.example:8443/x"}}, ""});
  web.set("https://reg.example:8443/x", {200, {}, kManifest});
  get();
  EXPECT_FALSE(web.asked().back().private_allowed);
}

TEST_F(UpstreamClient, PingAsksWithCredentials) {
  protect(kBase + "/v2/", kBasic, "Basic");
  client.ping(upstream);
  upstream.secret = Secret{"jane", "wrong"};
  EXPECT_THROW(client.ping(upstream), UpstreamError);
}

}  // namespace
}  // namespace ecr::api::test
