#include "server/runtime/metrics.h"

#include <cstdio>
#include <dirent.h>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include "schemas/base/text.h"
#include "server/runtime/access_log.h"
#include "server/runtime/memory_budget.h"
#include "storage/rows/server_state.h"

namespace ecr::server {
namespace {

// The value of the label. It has few values whatever clients send: every new one is one more series
// in memory and in each scrape, and a client that tries paths could otherwise make them without
// end. Signed URLs of layers count as the registry's.
std::string_view name_of(api::Plane plane) {
  switch (plane) {
    case api::Plane::kApi:
      return "api";
    case api::Plane::kRegistry:
    case api::Plane::kLayers:
      return "registry";
    case api::Plane::kAdmin:
      return "admin";
    case api::Plane::kMetadata:
      return "metadata";
    case api::Plane::kNone:
      break;
  }
  return "none";
}

// The two lines before the samples of a metric, as Prometheus's text exposition format 0.0.4 wants.
void describe(std::string& out, std::string_view name, std::string_view type,
              std::string_view help) {
  out += base::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// For metrics of one sample without labels.
template <typename T>
void gauge(std::string& out, std::string_view name, std::string_view help, T value) {
  describe(out, name, "gauge", help);
  out += base::format("{} {}\n", name, value);
}

// The names process_* and their meaning are those of Prometheus's client libraries, so that common
// dashboards work. /proc/self/statm counts in pages: the total first, then the resident ones
// (proc(5)).
std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::int64_t open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::int64_t count = -3;  // ".", ".." and the directory itself
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

// Counts the time of all threads, also of those that have ended (getrusage(2)).
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A program that leaks descriptors or memory shows it here first, so these are on every start
// without a flag.
void write_process(std::string& out) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
  gauge(out, "process_open_fds", "Open file descriptors.", open_descriptors());
  gauge(out, "process_max_fds", "Most file descriptors.", limit.rlim_cur);
  describe(out, "process_cpu_seconds_total", "counter", "CPU time, user and system.");
  out += base::format("process_cpu_seconds_total {:.3f}\n", cpu_seconds());
}

// One read transaction, so that the numbers belong to the same moment.
void write_stored(std::string& out, storage::Store& store) {
  storage::sql::Txn txn = store.database().begin(storage::sql::Access::kRead);
  const storage::Statistics stored = storage::statistics(txn);
  gauge(out, "ecr_local_repositories", "Repositories.", stored.repositories);
  gauge(out, "ecr_local_images", "Images.", stored.images);
  gauge(out, "ecr_local_blobs", "Blobs stored.", stored.blobs);
  gauge(out, "ecr_local_blob_bytes", "Bytes of the blobs stored.", stored.blob_bytes);
  gauge(out, "ecr_local_uploads_in_progress", "Layer uploads begun and not ended.", stored.uploads);
  describe(out, "ecr_local_jobs", "gauge", "Background work that waits, or was given up.");
  out += base::format("ecr_local_jobs{{state=\"pending\"}} {}\n", stored.jobs_pending);
  out += base::format("ecr_local_jobs{{state=\"failed\"}} {}\n", stored.jobs_failed);
}

// Every kind has a line from the start on, also at zero: a rate can be computed only for a series
// that existed before.
void write_faults(std::string& out, const FaultRules& faults) {
  const auto totals = faults.totals();
  describe(out, "ecr_local_faults_injected_total", "counter", "Faults that were asked for.");
  const auto line = [&](std::string_view kind, std::uint64_t count) {
    out += base::format("ecr_local_faults_injected_total{{kind=\"{}\"}} {}\n", kind, count);
  };
  line("throttle", totals.throttle);
  line("error", totals.error);
  line("latency", totals.latency);
  line("reset", totals.reset);
}

std::string_view name_of(Metrics::JobResult result) {
  switch (result) {
    case Metrics::JobResult::kDone:
      return "done";
    case Metrics::JobResult::kRetried:
      return "retried";
    case Metrics::JobResult::kFailed:
      break;
  }
  return "failed";
}

// Counts all decisions since the start. The decisions themselves are kept in a bounded list, which
// /_ecr-local/decisions shows.
void write_decisions(std::string& out, const api::DecisionLog& decisions) {
  const auto totals = decisions.totals();
  describe(out, "ecr_local_decisions_total", "counter", "Authorization decisions.");
  const auto line = [&](std::string_view decision, std::uint64_t count) {
    out += base::format("ecr_local_decisions_total{{decision=\"{}\"}} {}\n", decision, count);
  };
  // As the EvalDecision of IAM's simulators has them.
  line("allowed", totals.allowed);
  line("explicitDeny", totals.explicitly_denied);
  line("implicitDeny", totals.implicitly_denied);
  line("overBudget", totals.over_budget);
}

}  // namespace

void Metrics::count(const Request& request) {
  const KeyView key{name_of(request.plane), request.action};
  std::size_t bucket = 0;
  // The bounds are inclusive, as "le" (less or equal) in Prometheus's format says.
  while (bucket < kBounds.size() && request.took.count() > kBounds[bucket]) ++bucket;
  const std::lock_guard lock(mutex_);
  // The look-up takes views; strings are made only for the first request of a series.
  auto found = series_.find(key);
  if (found == series_.end()) {
    found = series_.emplace(Key{key.plane, std::string(key.action)}, Series{}).first;
  }
  Series& series = found->second;
  // A reset connection has status 0 and is counted in class 0, which write_requests() leaves out.
  ++series.by_class[static_cast<std::size_t>(request.status / 100 % 6)];
  ++series.buckets[bucket];
  series.micros += static_cast<std::uint64_t>(request.took.count());
  series.received += request.received;
  series.sent += request.sent;
}

void Metrics::count_job(std::string_view kind, JobResult result) {
  const std::lock_guard lock(mutex_);
  ++jobs_[{std::string(kind), result}];
}

void Metrics::write_jobs(std::string& out) const {
  const std::lock_guard lock(mutex_);
  describe(out, "ecr_local_jobs_total", "counter",
           "Attempts at background work, garbage collection among it.");
  for (const auto& [key, count] : jobs_) {
    out += base::format("ecr_local_jobs_total{{kind=\"{}\",result=\"{}\"}} {}\n", key.first,
                        name_of(key.second), count);
  }
}

void Metrics::write_connections(std::string& out) const {
  // The two numbers are read without a lock and may differ by a connection that opens just then.
  gauge(out, "ecr_local_connections", "Connections of clients.", connections_.load());
  describe(out, "ecr_local_connections_total", "counter", "Connections accepted.");
  out += base::format("ecr_local_connections_total {}\n", accepted_.load());
  describe(out, "ecr_local_connections_refused_total", "counter",
           "Connections closed at once because there were too many.");
  out += base::format("ecr_local_connections_refused_total {}\n", connections_refused_.load());
}

void Metrics::write_budgets(std::string& out) const {
  if (memory_ != nullptr) {
    gauge(out, "ecr_local_unauthenticated_bytes",
          "Bytes that requests of callers who are not authenticated yet hold.", memory_->used());
    gauge(out, "ecr_local_unauthenticated_bytes_limit", "Most of those bytes.", memory_->limit());
    describe(out, "ecr_local_unauthenticated_refused_total", "counter",
             "Requests refused because there was no room for them among those bytes.");
    out += base::format("ecr_local_unauthenticated_refused_total {}\n", memory_->refused());
  }
  if (log_ == nullptr) return;
  describe(out, "ecr_local_log_lines_dropped_total", "counter",
           "Lines of the log that were dropped because nothing read it.");
  out += base::format("ecr_local_log_lines_dropped_total {}\n", log_->dropped());
}

void Metrics::write_requests(std::string& out) const {
  const std::lock_guard lock(mutex_);
  // Neither value needs escaping: the planes are the few names of name_of(), and the operation is
  // a name of the operation tables.
  const auto labels = [](const Key& key) {
    return base::format("plane=\"{}\",operation=\"{}\"", key.plane, key.action);
  };
  describe(out, "ecr_local_requests_total", "counter", "Requests answered.");
  for (const auto& [key, series] : series_) {
    for (std::size_t i = 1; i < series.by_class.size(); ++i) {
      if (series.by_class[i] == 0) continue;
      out += base::format("ecr_local_requests_total{{{},status=\"{}xx\"}} {}\n", labels(key), i,
                          series.by_class[i]);
    }
  }
  describe(out, "ecr_local_request_duration_seconds", "histogram",
           "From the header of the request to the end of the answer.");
  for (const auto& [key, series] : series_) {
    // The buckets of a Prometheus histogram are cumulative: each holds the smaller ones, too.
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      sum += series.buckets[i];
      const std::string bound =
          i < kBounds.size() ? base::format("{}", static_cast<double>(kBounds[i]) / 1e6) : "+Inf";
      out += base::format("ecr_local_request_duration_seconds_bucket{{{},le=\"{}\"}} {}\n",
                          labels(key), bound, sum);
    }
    // Prometheus measures time in seconds, whatever the unit inside of a program.
    out += base::format("ecr_local_request_duration_seconds_sum{{{}}} {:.6f}\n", labels(key),
                        static_cast<double>(series.micros) / 1e6);
    out += base::format("ecr_local_request_duration_seconds_count{{{}}} {}\n", labels(key), sum);
  }
  describe(out, "ecr_local_received_bytes_total", "counter", "Bytes of request bodies.");
  for (const auto& [key, series] : series_) {
    out += base::format("ecr_local_received_bytes_total{{{}}} {}\n", labels(key), series.received);
  }
  describe(out, "ecr_local_sent_bytes_total", "counter", "Bytes of response bodies.");
  for (const auto& [key, series] : series_) {
    out += base::format("ecr_local_sent_bytes_total{{{}}} {}\n", labels(key), series.sent);
  }
}

// Each part takes its own lock, so no scrape holds up the requests for long. The parts may differ
// by what happened in between.
std::string Metrics::text(storage::Store& store, const api::DecisionLog& decisions,
                          std::string_view version, const FaultRules* faults) const {
  std::string out;
  describe(out, "ecr_local_build_info", "gauge", "Always 1; the version is a label.");
  out += base::format("ecr_local_build_info{{version=\"{}\"}} 1\n", version);
  write_requests(out);
  write_connections(out);
  write_budgets(out);
  write_decisions(out, decisions);
  write_jobs(out);
  if (faults != nullptr) write_faults(out, *faults);
  write_stored(out, store);
  write_process(out);
  return out;
}

}  // namespace ecr::server
