// What /_ecr-local/decisions is asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/access/decision_log.h"
#include "auth/iam/match/glob.h"

namespace ecr::api::admin {

// A principal's own ARN, or, for all sessions of a role, the role's.
bool is_principal(const auth::iam::Principal& principal, std::string_view arn);

struct DecisionQuery {
  std::optional<std::string> principal;
  std::optional<std::string> action;  // a pattern without case
  std::optional<auth::iam::Glob> resource;
  std::optional<std::string> decision;  // as name_of(Decision), or "Denied" for both denials
  std::optional<std::string> request_id;
  std::optional<base::TimePoint> since;  // inclusive
  std::optional<std::uint64_t> after;    // sequence, exclusive
  std::size_t limit = 100;
  std::optional<std::string> next_token;
  bool follow = false;
  bool trace = false;
  // The same for two queries that differ only in limit, page and trace.
  std::string filters;

  // Throws QueryError.
  static DecisionQuery parse(std::string_view query);
  // By everything but `after`.
  bool wants(const DecisionRecord& record) const;
};

}  // namespace ecr::api::admin
