#include "api/core/background/event_log.h"

#include "storage/rows/events.h"
#include "tests/api/fixture.h"

namespace ecr::api {
namespace {

using storage::EventKind;

class EventLogTest : public test::ApiTest {
 protected:
  static CallRecord record_of(std::string operation) {
    CallRecord record;
    record.service = "ecr";
    record.operation = std::move(operation);
    record.identity =
        std::make_shared<const CallIdentity>(make_service_identity("ecr.amazonaws.com", "1"));
    return record;
  }
  std::vector<storage::EventRow> written() {
    auto txn = store->database().begin(storage::sql::Access::kRead);
    return storage::events_after(txn, EventKind::kRecord, 0, 10'000);
  }
  std::vector<std::string> written_names() {
    std::vector<std::string> names;
    for (const auto& row : written()) names.push_back(row.type);
    return names;
  }
  HttpResponse events_of(const std::string& query) {
    return admin.handle(
        test::make_request("GET", "/_ecr-local/events" + query, {{"Host", host}}, ""));
  }
};

TEST_F(EventLogTest, IsBoundedAndTheOldestGoFirst) {
  EventLog small(*store, random, {.events = 2, .records = 3});
  for (const char* name : {"A", "B", "C", "D", "E"}) small.add(record_of(name));
  small.flush();
  EXPECT_EQ(written_names(), (std::vector<std::string>{"C", "D", "E"}));
  small.add(record_of("F"));
  small.flush();
  EXPECT_EQ(written_names(), (std::vector<std::string>{"D", "E", "F"}));
}

TEST_F(EventLogTest, MoreThanFitsInOneTransactionIsWrittenInItsOrder) {
  EventLog log(*store, random);
  std::vector<std::string> names;
  for (int i = 0; i < 1234; ++i) {
    names.push_back(std::to_string(i));
    log.add(record_of(names.back()));
  }
  log.flush();
  EXPECT_EQ(written_names(), names);
  const auto rows = written();
  EXPECT_EQ(rows.back().sequence, log.newest());
  EXPECT_EQ(rows.back().sequence - rows.front().sequence, 1233);
}

TEST_F(EventLogTest, IsFollowedWhileAStreamWantsRecords) {
  EXPECT_FALSE(events.followed());
  {
    const HttpResponse stream = events_of("?follow=true");
    EXPECT_TRUE(events.followed());
    const HttpResponse other = events_of("?follow=true&kind=record");
  }
  EXPECT_FALSE(events.followed());
  const HttpResponse of_events = events_of("?follow=true&kind=event");
  EXPECT_FALSE(events.followed()) << "those are there with what they tell about";
  events_of("");
  EXPECT_FALSE(events.followed());
}

}  // namespace
}  // namespace ecr::api
