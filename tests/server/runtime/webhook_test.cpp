// The webhook: in order, at least once, across restarts; and what metrics say.
#include "server/runtime/webhook.h"

#include <atomic>
#include <chrono>
#include <mutex>

#include <gtest/gtest.h>

#include "server/runtime/metrics.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

using namespace std::chrono_literals;

class WebhookTest : public ::testing::Test {
 protected:
  void happen(const std::string& body) {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    storage::insert_event(txn, {.sequence = events.next_sequence(),
                                .kind = storage::EventKind::kEvent,
                                .type = "t",
                                .source = "s",
                                .account = "1",
                                .region = "r",
                                .time = {},
                                .request_id = "",
                                .body = body});
    txn.commit();
  }
  // Answers with the given statuses, then with 200.
  std::unique_ptr<Webhook> make(std::vector<std::optional<int>> answers = {}) {
    answers_ = std::move(answers);
    return std::make_unique<Webhook>(
        *store, events, log,
        [this](const std::string& event, const std::stop_token&) { return post(event); },
        Webhook::Pauses{.poll = 1ms, .first = 1ms, .longest = 2ms, .attempts = 3});
  }
  std::vector<std::string> wait_for(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (posted_.size() >= count) return posted_;
      }
      if (std::chrono::steady_clock::now() > deadline) return posted_;
      std::this_thread::yield();
    }
  }

  SystemRandom random;
  std::unique_ptr<storage::Store> store =
      storage::Store::open({.directory = "", .in_memory = true}, random);
  api::EventLog events{*store, random};
  AccessLog log{LogFormat::kOff, 2};

 private:
  std::optional<int> post(const std::string& event) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(event);
    if (answers_.empty()) return 200;
    const auto answer = answers_.front();
    answers_.erase(answers_.begin());
    return answer;
  }

  std::mutex mutex_;
  std::vector<std::string> posted_;
  std::vector<std::optional<int>> answers_;
};

using Bodies = std::vector<std::string>;

TEST_F(WebhookTest, EventsArePostedInOrderFromTheFirstStartOn) {
  happen("before");
  const auto webhook = make();
  happen("1");
  happen("2");
  EXPECT_EQ(wait_for(2), (Bodies{"1", "2"}));
}

TEST_F(WebhookTest, WhatIsNotTakenIsTriedAgainBeforeTheNext) {
  const auto webhook = make({500, std::nullopt});
  happen("1");
  happen("2");
  EXPECT_EQ(wait_for(4), (Bodies{"1", "1", "1", "2"}));
}

TEST_F(WebhookTest, AnEventIsGivenUpAfterItsAttemptsAndTheNextFollows) {
  const auto webhook = make({500, 500, 500});
  happen("1");
  happen("2");
  EXPECT_EQ(wait_for(4), (Bodies{"1", "1", "1", "2"}));
}

TEST_F(WebhookTest, ARefusalIsNotTriedAgain) {
  const auto webhook = make({400});
  happen("1");
  happen("2");
  EXPECT_EQ(wait_for(2), (Bodies{"1", "2"}));
}

TEST_F(WebhookTest, ARestartGoesOnWhereItLeftOff) {
  make().reset();
  happen("1");
  {
    const auto webhook = make();
    EXPECT_EQ(wait_for(1), (Bodies{"1"}));
  }
  happen("2");
  const auto webhook = make();
  EXPECT_EQ(wait_for(2), (Bodies{"1", "2"}));
}

TEST_F(WebhookTest, MetricsCountRequestsByPlaneOperationAndStatus) {
  Metrics metrics;
  metrics.count({.plane = api::Plane::kApi,
                 .action = "ecr:PutImage",
                 .status = 200,
                 .received = 10,
                 .sent = 20,
                 .took = 900us});
  metrics.count({.plane = api::Plane::kApi,
                 .action = "ecr:PutImage",
                 .status = 400,
                 .received = 1,
                 .sent = 2,
                 .took = 90s});
  metrics.count({.plane = api::Plane::kRegistry,
                 .action = "ecr:BatchGetImage",
                 .status = 404,
                 .received = 0,
                 .sent = 0,
                 .took = 1us});
  metrics.count_job("garbage-collection", Metrics::JobResult::kDone);
  metrics.connection_opened();
  FaultRules faults;
  const std::string text = metrics.text(*store, api::DecisionLog(), "1.2.3", &faults);
  for (const char* line :
       {"ecr_local_build_info{version=\"1.2.3\"} 1\n",
        "ecr_local_requests_total{plane=\"api\",operation=\"ecr:PutImage\",status=\"2xx\"} 1\n",
        "ecr_local_requests_total{plane=\"api\",operation=\"ecr:PutImage\",status=\"4xx\"} 1\n",
        "ecr_local_requests_total{plane=\"registry\",operation=\"ecr:BatchGetImage\","
        "status=\"4xx\"} 1\n",
        "_bucket{plane=\"api\",operation=\"ecr:PutImage\",le=\"0.00025\"} 0\n",
        "_bucket{plane=\"api\",operation=\"ecr:PutImage\",le=\"0.001\"} 1\n",
        "_bucket{plane=\"api\",operation=\"ecr:PutImage\",le=\"+Inf\"} 2\n",
        "_count{plane=\"api\",operation=\"ecr:PutImage\"} 2\n",
        "ecr_local_received_bytes_total{plane=\"api\",operation=\"ecr:PutImage\"} 11\n",
        "ecr_local_sent_bytes_total{plane=\"api\",operation=\"ecr:PutImage\"} 22\n",
        "ecr_local_connections 1\n", "ecr_local_connections_total 1\n",
        "ecr_local_jobs{state=\"failed\"} 0\n",
        "ecr_local_jobs_total{kind=\"garbage-collection\",result=\"done\"} 1\n",
        "ecr_local_faults_injected_total{kind=\"reset\"} 0\n",
        "ecr_local_decisions_total{decision=\"implicitDeny\"} 0\n", "ecr_local_repositories 0\n",
        "process_open_fds "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace ecr::server
