// What /_ecr-local/events is asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/rows/events.h"

namespace ecr::api::admin {

struct EventQuery {
  std::optional<std::string> kind;         // "event", "record"
  std::optional<std::string> detail_type;  // of an event
  std::optional<std::string> event_name;   // of a record
  std::optional<std::string> source;       // "aws.ecr", "ecr.amazonaws.com"
  std::optional<std::string> account;
  std::optional<std::string> region;
  std::optional<std::string> request_id;
  std::optional<base::TimePoint> since;  // inclusive
  std::optional<std::int64_t> after;     // sequence, exclusive
  std::size_t limit = 100;
  std::optional<std::string> next_token;
  bool follow = false;
  // The same for two queries that differ only in limit and page.
  std::string filters;

  // Throws QueryError.
  static EventQuery parse(std::string_view query);
  // By everything but `after`.
  bool wants(const storage::EventRow& row) const;
};

}  // namespace ecr::api::admin
