#include "api/admin/maintenance_routes.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/core/wire/page_token.h"
#include "schemas/base/duration.h"
#include "schemas/base/json.h"
#include "storage/collector.h"

namespace ecr::api::admin {
namespace {

// A limit for one request: a job that enqueues itself, due at once, would otherwise run for ever.
// The answer then has "complete": false.
constexpr std::size_t kMostRuns = 10'000;

// A payload is JSON; one that is not is shown as a string rather than hidden.
Json job_json(const storage::Job& job) {
  auto payload = base::parse_json(job.payload);
  Json json = {{"id", job.id},
               {"kind", job.kind},
               {"payload", payload ? std::move(*payload) : Json(job.payload)},
               {"due", base::format_iso8601(job.due)},
               {"attempts", job.attempts},
               {"createdAt", base::format_iso8601(job.created_at)}};
  if (job.key) json["key"] = *job.key;
  if (!job.error.empty()) json["error"] = job.error;
  return json;
}

const char* result_name(JobOutcome::Result result) {
  switch (result) {
    case JobOutcome::Result::kDone:
      return "done";
    case JobOutcome::Result::kRetry:
      return "retry";
    case JobOutcome::Result::kFailed:
      break;
  }
  return "failed";
}

Json outcome_json(const JobOutcome& outcome) {
  Json json = job_json(outcome.job);
  json.erase("error");                          // the row has the error of an earlier attempt
  json["attempts"] = outcome.job.attempts + 1;  // the row was read before this attempt
  json["result"] = result_name(outcome.result);
  if (!outcome.error.empty()) json["error"] = outcome.error;
  return json;
}

// A mistyped kind would otherwise select no job and look like success.
void require_kind(const JobRunner& jobs, const std::string& kind) {
  std::string known;
  for (const JobKind& each : jobs.kinds()) {
    if (each.kind == kind) return;
    known += (known.empty() ? "" : ", ") + std::string(each.kind);
  }
  throw ParameterError("kind", "must be one of " + known);
}

std::chrono::milliseconds read_grace(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto text = parameters.take("grace");
  parameters.finish();
  if (!text) return services.settings.gc_grace;
  const auto grace = base::parse_duration(*text);
  if (!grace) throw ParameterError("grace", "must be a duration, as \"1h\" or \"0s\"");
  return *grace;
}

}  // namespace

HttpResponse answer_jobs(const Services& services, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto limit =
      static_cast<std::int64_t>(parameters.take_number("limit", 1, 1000).value_or(100));
  // The id of a job, not a token: jobs are numbered from 1.
  const auto after =
      static_cast<std::int64_t>(parameters.take_number("nextToken", 1, INT64_MAX).value_or(0));
  parameters.finish();
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  const Page page(services.store.key(), "jobs", limit);
  auto jobs = storage::list_jobs(txn, after, page.query_limit());
  Json json = {{"jobs", Json::array()}};
  if (page.trim(jobs)) json["nextToken"] = std::to_string(jobs.back().id);
  for (const storage::Job& job : jobs) {
    Json entry = job_json(job);
    entry["state"] = job.state == storage::JobState::kFailed ? "failed" : "pending";
    json["jobs"].push_back(std::move(entry));
  }
  return json_response(200, json);
}

HttpResponse answer_run_jobs(JobRunner& jobs, const HttpRequest& request) {
  QueryParameters parameters(request.query());
  const auto kind = parameters.take("kind");
  const bool all = parameters.take_flag("all");
  parameters.finish();
  if (kind) require_kind(jobs, *kind);
  if (kind || all) jobs.make_due(all ? "" : std::string_view(*kind));
  const JobRunner::Report report = jobs.run_due(kMostRuns);
  Json json = {{"ran", Json::array()}, {"complete", report.complete}};
  for (const JobOutcome& outcome : report.outcomes) json["ran"].push_back(outcome_json(outcome));
  return json_response(200, json);
}

HttpResponse answer_gc(const Services& services, const HttpRequest& request) {
  const auto grace = read_grace(services, request);
  // collect() removes what was last used before this time. One millisecond more, so that a grace of
  // "0s" also removes what was last used within the current millisecond.
  const auto before = services.clock.now() - grace + std::chrono::milliseconds(1);
  const storage::Collected collected = storage::collect_garbage(services.store, before);
  return json_response(200, Json{{"uploads", collected.uploads},
                                 {"unnamedBlobs", collected.unreferenced},
                                 {"blobs", collected.blobs},
                                 {"bytes", collected.bytes}});
}

}  // namespace ecr::api::admin
