#include "server/cli/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "api/images/lifecycle/lint.h"
#include "auth/iam/evaluate_json.h"
#include "auth/iam/policy/policy.h"
#include "auth/sigv4/verify_json.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/progress.h"
#include "server/cli/server_client.h"
#include "server/cli/startup.h"
#include "server/runtime/system.h"
#include "server/tls/certificate_authority.h"
#include "storage/check.h"
#include "storage/repair.h"
#include "storage/store.h"

namespace ecr::server {
namespace {

// One line in, one line out, in order; 1 where any line was malformed.
template <typename Answer>
int answer_lines(Answer answer) {
  // A malformed line is answered in its place and does not end the run: the answers stay aligned
  // with the questions (integration/test_cli.py, test_evaluate_goes_on_after_a_malformed_line).
  bool all_good = true;
  std::string line;
  // Streams share no buffer with C's stdio then, which makes long inputs several times faster.
  // Nothing else writes to standard output here.
  std::ios::sync_with_stdio(false);
  while (std::getline(std::cin, line)) {
    bool good = true;
    std::cout << answer(line, good) << '\n';
    all_good = all_good && good;
  }
  std::cout.flush();
  return all_good ? 0 : 1;
}

std::string read_document(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  return read_text_file(path, path);
}

// The names are those of the help of --type, which the command line has checked; a lifecycle policy
// is none of IAM.
auth::iam::PolicyType policy_type(const std::string& name) {
  using auth::iam::PolicyType;
  static const std::map<std::string, PolicyType> kTypes{
      {"identity", PolicyType::kIdentity}, {"repository", PolicyType::kRepository},
      {"registry", PolicyType::kRegistry}, {"trust", PolicyType::kTrust},
      {"session", PolicyType::kSession},   {"scp", PolicyType::kScp},
      {"rcp", PolicyType::kRcp},           {"endpoint", PolicyType::kEndpoint}};
  return kTypes.at(name);
}

void print_json(const base::OrderedJson& json) { base::print("{}\n", base::dump(json)); }

}  // namespace

int run_evaluate(bool explain) {
  return answer_lines([explain](const std::string& line, bool& good) {
    return auth::iam::evaluate_line(line, explain, good);
  });
}

int run_verify_sigv4() {
  return answer_lines(
      [](const std::string& line, bool& good) { return auth::verify_sigv4_line(line, good); });
}

// "file:line: error: text" is the form that editors and CI systems recognize. Warnings do not make
// a document invalid.
int run_validate_policy(const std::string& file, const std::string& type, bool json) {
  const std::string document = read_document(file);
  const Paint paint;
  bool valid = true;
  base::OrderedJson problems = base::OrderedJson::array();
  const auto found = type == "lifecycle" ? api::lifecycle::lint(document)
                                         : auth::iam::lint_policy(document, policy_type(type));
  for (const auto& problem : found) {
    valid = valid && problem.warning;
    // A problem of the whole document has no line; it is reported at the first one.
    const std::size_t line = std::max<std::size_t>(problem.line, 1);
    if (json) {
      problems.push_back({{"severity", problem.warning ? "warning" : "error"},
                          {"line", line},
                          {"path", problem.path},
                          {"message", problem.message},
                          {"detail", problem.detail}});
      continue;
    }
    base::print("{}:{}: {}: {}{}{}\n", file, line,
                problem.warning ? paint.doubtful("warning") : paint.bad("error"),
                problem.path.empty() ? "" : problem.path + ": ", problem.message,
                problem.detail.empty() ? "" : " (" + problem.detail + ")");
  }
  if (json) {
    print_json({{"file", file}, {"type", type}, {"valid", valid}, {"problems", problems}});
  } else if (valid) {
    base::print("{}: {} {} policy\n", file, paint.good("a valid"), type);
  }
  return valid ? kExitSuccess : kExitNo;
}

namespace {

std::string summary_of(const storage::CheckReport& report) {
  const Paint paint;
  return base::format("checked {} and {} ({}): {}", base::counted(report.images, "image"),
                      base::counted(report.blobs, "blob"), base::counted(report.bytes, "byte"),
                      report.problems.empty()
                          ? paint.good("clean")
                          : paint.bad(base::counted(report.problems.size(), "problem")));
}

base::OrderedJson report_json(const storage::CheckReport& report) {
  return {{"clean", report.problems.empty()},
          {"images", report.images},
          {"blobs", report.blobs},
          {"bytes", report.bytes},
          {"problems", report.problems}};
}

void print_check(const storage::CheckReport& report) {
  for (const std::string& problem : report.problems) base::print("problem: {}\n", problem);
  base::print("{}\n", summary_of(report));
}

// A script needs no parsing: the status says it. The answer is no where anything is damaged still.
int report_check(const storage::CheckReport& report, bool json) {
  if (json) {
    print_json(report_json(report));
  } else {
    print_check(report);
  }
  return report.problems.empty() ? kExitSuccess : kExitNo;
}

int report_repair(const storage::RepairReport& report, bool json) {
  if (json) {
    base::OrderedJson out = report_json(report.found);
    out["repaired"] = report.done;
    out["notRepaired"] = report.left;
    print_json(out);
  } else {
    print_check(report.found);
    for (const std::string& line : report.done) base::print("repaired: {}\n", line);
    for (const std::string& problem : report.left) base::print("not repaired: {}\n", problem);
  }
  return report.left.empty() ? kExitSuccess : kExitNo;
}

}  // namespace

// A directory that does not exist is an error: opening the store would make it, and report an empty
// one as clean (integration/test_cli.py, test_missing_directory_is_refused_and_not_made).
int run_check(const ServeConfig& config, bool repair, bool json) {
  if (access(config.data_dir.c_str(), F_OK) != 0) {
    throw std::runtime_error("--data-dir " + config.data_dir + ": does not exist");
  }
  SystemRandom random;
  // Takes the lock of the directory, so a check never runs beside a server that writes.
  const auto store = open_store(config, random);
  // Optional, so that it can end its line on the terminal before the report begins.
  std::optional<Progress> line(std::in_place, "checked", config.progress);
  const auto progress = [&line](std::int64_t done, std::int64_t all) { line->update(done, all); };
  if (repair) {
    const auto report = storage::repair_store(*store, progress);
    line.reset();  // before the report
    return report_repair(report, json);
  }
  const auto report = storage::check_store(*store, progress);
  line.reset();
  return report_check(report, json);
}

namespace {

// Prints an error; the exit status.
int fail_command(const std::string& what) {
  base::print(stderr, "ecr-local: {}\n", what);
  return kExitNo;
}

}  // namespace

// One request to a running server, for container images that have no curl. Docker takes status 1
// for "not healthy" and reserves all above it, so whatever goes wrong here has this status.
int run_healthcheck(const std::string& url, bool json) {
  const Paint paint;
  try {
    const auto answer =
        ask_server({.url = url, .target = "/_ecr-local/health", .elsewhere = "use --url"});
    const bool healthy = answer.head.status == 200;
    if (json) {
      base::print("{}", answer.body);
    } else if (healthy) {
      base::print("{}\n", paint.good("healthy"));
    } else {
      const auto body = base::parse_json(answer.body);
      const std::string reason = body ? base::text_member(*body, "reason") : "";
      base::print("{}{}{}\n", paint.bad("not healthy"), reason.empty() ? "" : ": ", reason);
    }
    return healthy ? kExitSuccess : kExitNo;
  } catch (const std::runtime_error& error) {
    return fail_command(error.what());
  }
}

// Prints the certificate that clients of --tls auto have to trust; makes it where there is none.
// Works before the first start and beside a running server: the authority locks its directory only
// while it reads or makes the files (integration/test_tls_auto.py,
// test_it_can_be_printed_before_the_first_start).
int run_ca(const ServeConfig& config) {
  std::error_code ignored;  // where it is wrong, the next lines throw and say what
  std::filesystem::create_directories(config.data_dir, ignored);
  const std::string file = config.data_dir + "/tls/ca.pem";
  const bool was_there = std::filesystem::exists(file, ignored);
  try {
    const CertificateAuthority authority(config.data_dir, SystemClock().now());
    // On standard error: standard output is the certificate, for a file.
    if (!was_there) {
      base::print(
          stderr,
          "ecr-local: there was no certificate authority, so one was made: {}\n"
          "'ecr-local serve --tls auto' with the same data directory uses it. If your server has "
          "another one, name it by --data-dir.\n",
          file);
    }
    base::print("{}", authority.certificate());
  } catch (const std::exception& error) {
    throw std::runtime_error(base::format("--data-dir {}: {}", config.data_dir, error.what()));
  }
  return kExitSuccess;
}

}  // namespace ecr::server
