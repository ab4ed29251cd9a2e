#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Result = JobOutcome::Result;

// The actions of the handlers below, by the payload's "name".
std::vector<std::string> done;

void note(JobAttempt& attempt) { done.push_back(attempt.payload.at("name").get<std::string>()); }

void spawn(JobAttempt& attempt) {
  note(attempt);
  storage::sql::Txn& txn = attempt.begin().txn;
  enqueue_job(attempt.services, txn, "note", {{"name", "child"}}, attempt.now);
  enqueue_job(attempt.services, txn, "note", {{"name", "later"}}, attempt.now + hours(1));
}

// Fails after it has written.
void break_off(JobAttempt& attempt) {
  note(attempt);
  enqueue_job(attempt.services, attempt.begin().txn, "note", {{"name", "never"}}, attempt.now);
  throw std::runtime_error("the disk is on fire");
}

// Its own successor, as a lifecycle policy is.
void again(JobAttempt& attempt) {
  note(attempt);
  enqueue_job(attempt.services, attempt.begin().txn, "again", attempt.payload,
              attempt.now + hours(24), attempt.job.key.value());
}

void tick(JobAttempt&) { done.emplace_back("tick"); }

void trip_after(JobAttempt& attempt) {
  note(attempt);
  attempt.begin().txn.on_commit([] { throw std::runtime_error("tripped"); });
}

// Enqueued anew, with other content, by somebody else while it runs.
void renew(JobAttempt& attempt) {
  note(attempt);
  if (done.size() == 1) {
    auto txn = attempt.services.store.database().begin(storage::sql::Access::kWrite);
    enqueue_job(attempt.services, txn, "renew", {{"name", "newer"}}, attempt.now,
                attempt.job.key.value());
    txn.commit();
  }
  attempt.begin();
}

class JobsTest : public ApiTest {
 protected:
  JobsTest() { done.clear(); }

  void enqueue(const std::string& kind, const std::string& name, std::chrono::seconds in = {},
               const std::string& key = {}) {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    enqueue_job(services, txn, kind, {{"name", name}}, clock.now() + in, key);
    txn.commit();
  }
  std::vector<storage::Job> rows() {
    auto txn = store->database().begin(storage::sql::Access::kRead);
    return storage::list_jobs(txn, 0, 100);
  }
  Json post(const std::string& target, int status = 200) {
    const auto response = runs.handle(make_request("POST", target, {{"Host", host}}, ""));
    EXPECT_EQ(response.status, status) << body_of(response);
    return Json::parse(body_of(response));
  }

  JobRunner runner{services,
                   {{"note", note},
                    {"spawn", spawn},
                    {"break", break_off},
                    {"again", again},
                    {"renew", renew},
                    {"trip", trip_after}}};
  admin::AdminPlane runs{services, control, api_clock, runner, baseline};
};

using Names = std::vector<std::string>;

TEST_F(JobsTest, RunInTheOrderTheyAreDueAndNotBefore) {
  enqueue("note", "second", seconds(20));
  enqueue("note", "first", seconds(10));
  enqueue("note", "also second", seconds(20));
  EXPECT_FALSE(runner.run_next().has_value());
  EXPECT_EQ(runner.next_due(), clock.now() + seconds(10));
  clock.time += seconds(20);
  EXPECT_EQ(runner.run_due(100).outcomes.size(), 3u);
  EXPECT_EQ(done, (Names{"first", "second", "also second"}));
  EXPECT_TRUE(rows().empty());
}

TEST_F(JobsTest, AJobThatAJobEnqueuesRunsInTheSameRun) {
  enqueue("spawn", "parent");
  const auto report = runner.run_due(100);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(done, (Names{"parent", "child"}));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].payload, R"({"name":"later"})");
}

TEST_F(JobsTest, AJobExistsOnlyOnceItsTransactionIsCommitted) {
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    enqueue_job(services, txn, "note", {{"name", "rolled back"}}, clock.now());
    EXPECT_EQ(job_signal.wait(0, std::chrono::milliseconds(0)), 0u);
  }
  EXPECT_TRUE(rows().empty());
  enqueue("note", "committed");
  EXPECT_EQ(job_signal.wait(0, std::chrono::milliseconds(0)), 1u);
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(JobsTest, AKeyHasOneJobWithTheNewestPayloadAndTheEarlierTime) {
  enqueue("note", "old", seconds(10), "k");
  enqueue("note", "new", seconds(20), "k");
  enqueue("note", "other", seconds(10), "other");
  enqueue("again", "kind", seconds(10), "k");
  ASSERT_EQ(rows().size(), 3u);
  EXPECT_EQ(rows()[0].payload, R"({"name":"new"})");
  EXPECT_EQ(rows()[0].due, clock.now() + seconds(10));
  enqueue("note", "newer", seconds(5), "k");
  EXPECT_EQ(rows()[0].due, clock.now() + seconds(5));
}

TEST_F(JobsTest, AJobMayEnqueueItsSuccessorUnderItsOwnKey) {
  enqueue("again", "policy", {}, "7");
  EXPECT_EQ(runner.run_due(100).outcomes.size(), 1u);
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].due, clock.now() + hours(24));
  clock.time += hours(24 * 90);
  EXPECT_EQ(runner.run_due(100).outcomes.size(), 1u);
  EXPECT_EQ(done, (Names{"policy", "policy"}));
}

TEST_F(JobsTest, AJobThatIsEnqueuedAnewWhileItRunsRunsAgain) {
  enqueue("renew", "older", {}, "k");
  EXPECT_EQ(runner.run_due(100).outcomes.size(), 2u);
  EXPECT_EQ(done, (Names{"older", "newer"}));
  EXPECT_TRUE(rows().empty());
}

TEST_F(JobsTest, AnAttemptThatTheEndOfTheProgramBreaksOffIsNotCounted) {
  enqueue("break", "x");
  job_signal.stop();
  for (int start = 0; start < 10; ++start) {
    const auto outcome = runner.run_next();
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->result, Result::kRetry);
    ASSERT_EQ(rows().size(), 1u);
    EXPECT_EQ(rows()[0].attempts, 0);
    EXPECT_EQ(rows()[0].state, storage::JobState::kPending);
  }
}

TEST_F(JobsTest, AFailureUndoesEverythingAndIsTriedAgainLaterAndThenGivenUp) {
  enqueue("break", "x", {}, "k");
  const seconds kDelays[] = {seconds(1), seconds(10), minutes(1), minutes(10)};
  for (const seconds delay : kDelays) {
    const auto outcome = runner.run_next();
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->result, Result::kRetry);
    EXPECT_EQ(outcome->error, "the disk is on fire");
    ASSERT_EQ(rows().size(), 1u) << "what it enqueued must be undone";
    EXPECT_EQ(rows()[0].due, clock.now() + delay);
    EXPECT_EQ(rows()[0].error, "the disk is on fire");
    EXPECT_FALSE(runner.run_next().has_value());
    clock.time += delay;
  }
  EXPECT_EQ(runner.run_next()->result, Result::kFailed);
  EXPECT_EQ(done.size(), 5u);
  EXPECT_EQ(rows()[0].state, storage::JobState::kFailed);
  EXPECT_EQ(rows()[0].attempts, 5);
  clock.time += hours(1000);
  EXPECT_FALSE(runner.run_next().has_value());
  enqueue("break", "anew", {}, "k");
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].state, storage::JobState::kPending);
  EXPECT_EQ(runner.run_next()->result, Result::kRetry);
}

TEST_F(JobsTest, AnAttemptCountsBeforeItBegins) {
  static std::int64_t counted;
  counted = 0;
  JobRunner other(
      services, {{"look", [](JobAttempt& attempt) {
                    auto txn = attempt.services.store.database().begin(storage::sql::Access::kRead);
                    counted = storage::find_job(txn, attempt.job.id)->attempts;
                  }}});
  enqueue("look", "x");
  other.run_next();
  EXPECT_EQ(counted, 1);
}

// An attempt that is begun and comes to no end, as where the process is killed during it.
TEST_F(JobsTest, AJobThatEndsTheProgramIsGivenUpAfterThree) {
  const auto die = [&] {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    storage::note_job_attempt(txn, storage::first_job(txn)->id);
    txn.commit();
  };
  enqueue("note", "x", {}, "k");
  die();
  die();
  EXPECT_EQ(runner.run_next()->result, Result::kDone) << "two may have been bad luck";
  enqueue("break", "x", {}, "k");
  die();
  die();
  EXPECT_EQ(runner.run_next()->result, Result::kRetry);
  clock.time += minutes(1);
  die();  // the attempt before came to an end: it counts anew
  EXPECT_EQ(runner.run_next()->error, "the disk is on fire");
  enqueue("break", "x", {}, "k");
  for (int i = 0; i < 3; ++i) die();
  done.clear();
  const auto outcome = runner.run_next();
  EXPECT_EQ(outcome->result, Result::kFailed);
  EXPECT_EQ(outcome->error, "the program ended during each of the last 3 attempts");
  EXPECT_TRUE(done.empty());
  EXPECT_FALSE(runner.run_next().has_value());
  runner.make_due("break");
  EXPECT_EQ(runner.run_next()->error, "the disk is on fire") << "asked for, it is tried again";
}

TEST_F(JobsTest, AnUnknownKindIsGivenUpAtOnce) {
  enqueue("from-the-future", "x");
  const auto outcome = runner.run_next();
  EXPECT_EQ(outcome->result, Result::kFailed);
  EXPECT_EQ(outcome->error, "this program has no such kind of job");
  EXPECT_FALSE(runner.run_next().has_value());
}

TEST_F(JobsTest, ActionsAfterTheCommitCannotUndoTheJob) {
  enqueue("trip", "x");
  const auto outcome = runner.run_next();
  EXPECT_EQ(outcome->result, Result::kDone);
  EXPECT_EQ(outcome->error, "tripped");
  EXPECT_TRUE(rows().empty());
}

TEST_F(JobsTest, PeriodicWorkRunsOnceAnInterval) {
  const std::vector<JobKind> kinds = {{"tick", tick, hours(1)}};
  JobRunner periodic(services, kinds);
  EXPECT_FALSE(periodic.run_next().has_value());
  clock.time += minutes(30);
  JobRunner restarted(services, kinds);  // keeps the time
  clock.time += minutes(30);
  EXPECT_TRUE(restarted.run_next().has_value());
  EXPECT_FALSE(restarted.run_next().has_value());
  clock.time += hours(24 * 90);
  EXPECT_TRUE(restarted.run_next().has_value());
  EXPECT_FALSE(restarted.run_next().has_value());
  EXPECT_EQ(rows()[0].due, clock.now() + hours(1));
}

TEST_F(JobsTest, PeriodicWorkIsNeverGivenUp) {
  JobRunner periodic(services,
                     {{"broken", [](JobAttempt&) { throw std::runtime_error("no"); }, hours(1)}});
  clock.time += hours(1);
  for (int i = 0; i < 20; ++i) {
    const auto outcome = periodic.run_next();
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->result, Result::kRetry);
    clock.time += hours(1);
  }
}

// Jobs that wait until they are let go, and what is under way.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool entered = false;
  bool open = false;
};
Gate* gate = nullptr;

void wait_at_gate(JobAttempt& attempt) {
  std::unique_lock lock(gate->mutex);
  gate->entered = true;
  gate->changed.notify_all();
  gate->changed.wait(lock, [] { return gate->open; });
  note(attempt);
}

TEST_F(JobsTest, ALaneWaitsForNoOther) {
  Gate here;
  gate = &here;
  JobRunner lanes(services, {{"note", note},
                             {.kind = "scan", .run = wait_at_gate, .lane = JobLane::kSlow},
                             {.kind = "fetch", .run = note, .lane = JobLane::kOutbound}});
  enqueue("scan", "slow");
  enqueue("note", "quick");
  enqueue("fetch", "outbound");
  enqueue("from-the-future", "x");
  std::thread slow([&] { EXPECT_TRUE(lanes.run_next(JobLane::kSlow).has_value()); });
  {
    std::unique_lock lock(here.mutex);
    here.changed.wait(lock, [&] { return here.entered; });
  }
  EXPECT_TRUE(lanes.run_next(JobLane::kQuick).has_value());
  EXPECT_TRUE(lanes.run_next(JobLane::kOutbound).has_value());
  EXPECT_EQ(done, (Names{"quick", "outbound"}));
  // A kind that this program does not know is given up by the quick lane.
  EXPECT_EQ(lanes.run_next(JobLane::kQuick)->result, Result::kFailed);
  EXPECT_FALSE(lanes.next_due(JobLane::kQuick).has_value());
  EXPECT_FALSE(lanes.next_due(JobLane::kOutbound).has_value());
  EXPECT_TRUE(lanes.next_due(JobLane::kSlow).has_value());
  {
    const std::lock_guard lock(here.mutex);
    here.open = true;
    here.changed.notify_all();
  }
  slow.join();
  EXPECT_EQ(done.back(), "slow");
}

TEST_F(JobsTest, ARunOfEverythingCoversAllLanes) {
  JobRunner lanes(services, {{"note", note},
                             {.kind = "scan", .run = note, .lane = JobLane::kSlow},
                             {.kind = "fetch", .run = spawn, .lane = JobLane::kOutbound}});
  enqueue("scan", "slow");
  enqueue("fetch", "outbound");
  enqueue("note", "quick");
  const auto report = lanes.run_due(10);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(done, (Names{"quick", "slow", "outbound", "child"}));
}

TEST_F(JobsTest, AreListedInPages) {
  for (int i = 0; i < 3; ++i) enqueue("note", std::to_string(i), hours(1), "k" + std::to_string(i));
  const auto list = [&](const std::string& query) {
    return Json::parse(body_of(
        runs.handle(make_request("GET", "/_ecr-local/jobs" + query, {{"Host", host}}, ""))));
  };
  const Json all = list("");
  ASSERT_EQ(all["jobs"].size(), 3u);
  EXPECT_FALSE(all.contains("nextToken"));
  EXPECT_EQ(all["jobs"][0], (Json{{"id", 1},
                                  {"kind", "note"},
                                  {"key", "k0"},
                                  {"payload", {{"name", "0"}}},
                                  {"state", "pending"},
                                  {"due", "2023-11-14T23:13:20Z"},
                                  {"attempts", 0},
                                  {"createdAt", "2023-11-14T22:13:20Z"}}));
  const Json first = list("?limit=2");
  EXPECT_EQ(first["jobs"].size(), 2u);
  const Json rest = list("?limit=2&nextToken=" + first["nextToken"].get<std::string>());
  EXPECT_EQ(rest["jobs"].size(), 1u);
  EXPECT_FALSE(rest.contains("nextToken"));
  EXPECT_EQ(list("?limit=0")["message"], "limit: must be a number from 1 to 1000");
}

TEST_F(JobsTest, RunSaysWhatItRan) {
  enqueue("spawn", "parent");
  const Json report = post("/_ecr-local/jobs/run");
  EXPECT_EQ(report["complete"], true);
  ASSERT_EQ(report["ran"].size(), 2u);
  EXPECT_EQ(report["ran"][0]["kind"], "spawn");
  EXPECT_EQ(report["ran"][0]["result"], "done");
  EXPECT_EQ(report["ran"][1]["payload"], (Json{{"name", "child"}}));
  EXPECT_TRUE(post("/_ecr-local/jobs/run")["ran"].empty());
}

TEST_F(JobsTest, RunCanTakeAKindBeforeItIsDueAndGivenUpOnesAnew) {
  enqueue("note", "later", hours(5));
  enqueue("again", "kept", hours(5), "k");
  EXPECT_TRUE(post("/_ecr-local/jobs/run")["ran"].empty());
  EXPECT_EQ(post("/_ecr-local/jobs/run?kind=note")["ran"].size(), 1u);
  EXPECT_EQ(post("/_ecr-local/jobs/run?all=true")["ran"].size(), 1u);
  EXPECT_EQ(done, (Names{"later", "kept"}));
  enqueue("break", "x");
  for (int i = 0; i < 5; ++i) {
    post("/_ecr-local/jobs/run");
    clock.time += minutes(10);
  }
  EXPECT_EQ(done.size(), 7u);
  const Json ran = post("/_ecr-local/jobs/run?kind=break")["ran"];
  ASSERT_EQ(ran.size(), 1u);
  EXPECT_EQ(ran[0]["result"], "retry");
  EXPECT_EQ(ran[0]["error"], "the disk is on fire");
  EXPECT_EQ(post("/_ecr-local/jobs/run?kind=nope", 400)["message"],
            "kind: must be one of note, spawn, break, again, renew, trip");
  EXPECT_EQ(post("/_ecr-local/jobs/run?what=x", 400)["message"], "what: is not known here");
}

TEST_F(JobsTest, AClockThatIsPutBackTakesWhatWaitsWithIt) {
  api_clock.restore({.offset = hours(24 * 90)});
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    enqueue_job(services, txn, "note", {{"name", "x"}}, api_clock.now() + hours(1));
    txn.commit();
  }
  EXPECT_EQ(
      admin.handle(make_request("POST", "/_ecr-local/clock", {{"Host", host}}, R"({"reset":true})"))
          .status,
      200);
  EXPECT_EQ(rows()[0].due, clock.now() + hours(1));
}

}  // namespace
}  // namespace ecr::api::test
