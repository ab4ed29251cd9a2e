// The whole synchronous core on a temporary store, driven without a socket: requests are signed as
// a client signs them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/admin/admin_plane.h"
#include "api/core/access/decision_log.h"
#include "api/core/access/failure_log.h"
#include "api/core/access/policy_memo.h"
#include "api/core/background/event_log.h"
#include "api/core/background/job_runner.h"
#include "api/core/dispatch/control_plane.h"
#include "api/core/services.h"
#include "api/registry/registry_plane.h"
#include "api/registry/route_table.h"
#include "api/sts/issuer_keys.h"
#include "schemas/base/clock.h"

namespace ecr::api::test {

using Json = nlohmann::json;

class FixedClock : public base::Clock {
 public:
  base::TimePoint now() const override {
    const base::TimePoint current = time;
    time += step;
    return current;
  }
  mutable base::TimePoint time = base::TimePoint(std::chrono::milliseconds(1'700'000'000'123));
  std::chrono::milliseconds step{0};  // that each look at the clock takes
};

// Not random at all, but never the same twice.
class CountingRandom : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t next_ = 1;
};

// A web of documents by URL; what is not there does not answer.
class FakeWeb : public Transport {
 public:
  void exchange(const ExchangeRequest& request, const OnHead& on_head,
                const OnBody& on_body) override {
    const std::string url = request.url.text();
    asked.push_back(url);
    if (request.private_allowed) asked_privately.push_back(url);
    const auto found = documents.find(url);
    if (found == documents.end()) throw TransportError("nothing answers");
    if (on_head({200, {}})) on_body(found->second);
  }
  std::map<std::string, std::string> documents;
  std::vector<std::string> asked;
  std::vector<std::string> asked_privately;  // those that may have any address
};

// The answer, after whatever it has to wait for.
HttpResponse settle(HttpResponse response);

struct Keys {
  std::string access_key;
  std::string secret;
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest();

  // One signed call of the ECR API; the body is sent as it is given.
  HttpResponse send(const std::string& operation, const std::string& body);
  HttpResponse send(const std::string& operation, const Json& input) {
    return send(operation, input.dump());
  }
  // The output, which must be a success and fit the operation's output shape.
  Json call(const std::string& operation, const Json& input);
  // {"__type", "message"} of a call that must fail with a client error.
  std::pair<std::string, std::string> fail(const std::string& operation, const Json& input);

  // One registry request with the token of `keys`; POST, PATCH and PUT of uploads go through a
  // sink.
  HttpResponse registry(const std::string& method, const std::string& target,
                        const std::string& body = {},
                        std::vector<std::pair<std::string, std::string>> headers = {});
  std::string token();
  // Pushes a blob in one request; its digest.
  std::string push_blob(const std::string& repository, const std::string& bytes);
  // An image of one config and one layer; the manifest.
  std::string push_image(const std::string& repository, const std::string& tag,
                         const std::string& content);

  HttpRequest signed_request(const std::string& operation, const std::string& body,
                             const std::string& session_token = {});

  FixedClock clock;  // the machine's
  base::MovableClock api_clock{clock};
  CountingRandom random;
  Settings settings;
  std::unique_ptr<storage::Store> store;
  auth::RegistryTokenCodec tokens;
  auth::SigningKeyMemo signing_keys;
  PolicyMemo policies;
  DecisionLog decisions;
  FailureLog failure_log;
  EventLog events;
  JobSignal job_signal;
  FakeWeb web;
  sts::IssuerKeys issuer_keys{clock, &web};
  Services services;
  ControlPlane control;
  registry::RegistryPlane registry_plane;
  JobRunner jobs;
  admin::Baseline baseline;
  admin::AdminPlane admin;
  Keys keys{"test", "test"};
  std::string region = "us-east-1";
  std::string host = "localhost:4599";
};

HttpRequest make_request(const std::string& method, const std::string& target,
                         const std::vector<std::pair<std::string, std::string>>& headers,
                         std::string body);
std::string body_of(const HttpResponse& response);
std::string header_of(const HttpResponse& response, const std::string& name);

// A policy of one statement.
Json policy(const std::string& effect, const Json& action, const Json& resource);
// A seed of one user with one key in account 111122223333 and these inline policies.
Json seed_user(const std::string& name, const Json& policies);
inline const Keys kSeededKeys{"AKIASEEDEDUSERKEY001", "seeded-secret"};

}  // namespace ecr::api::test
