#include "server/cli/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "auth/iam/evaluate_json.h"
#include "auth/iam/policy/policy.h"
#include "auth/sigv4/verify_json.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/explain_text.h"
#include "server/cli/progress.h"
#include "server/cli/server_client.h"
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
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The names are those of the help of --type. They are checked here and not by the command line
// because the enumeration belongs to auth/.
auth::iam::PolicyType policy_type(const std::string& name) {
  using auth::iam::PolicyType;
  static const std::map<std::string, PolicyType> kTypes{{"identity", PolicyType::kIdentity},
                                                        {"repository", PolicyType::kRepository},
                                                        {"registry", PolicyType::kRegistry},
                                                        {"trust", PolicyType::kTrust},
                                                        {"session", PolicyType::kSession},
                                                        {"scp", PolicyType::kScp},
                                                        {"rcp", PolicyType::kRcp}};
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) throw std::runtime_error("--type " + name + ": is not known");
  return found->second;
}

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
int run_validate_policy(const std::string& file, const std::string& type) {
  const std::string document = read_document(file);
  bool valid = true;
  for (const auto& problem : auth::iam::lint_policy(document, policy_type(type))) {
    valid = valid && problem.warning;
    // A problem of the whole document has no line; it is reported at the first one.
    base::print("{}:{}: {}: {}{}{}\n", file, std::max<std::size_t>(problem.line, 1),
                problem.warning ? "warning" : "error",
                problem.path.empty() ? "" : problem.path + ": ", problem.message,
                problem.detail.empty() ? "" : " (" + problem.detail + ")");
  }
  if (valid) base::print("{}: a valid {} policy\n", file, type);
  return valid ? 0 : 1;
}

namespace {

// 0 is "clean" and 1 is "problems", so that a script needs no parsing.
int print_check(const storage::CheckReport& report) {
  for (const std::string& problem : report.problems) base::print("problem: {}\n", problem);
  base::print(
      "checked {} images and {} blobs ({} bytes): {}\n", report.images, report.blobs, report.bytes,
      report.problems.empty() ? "clean" : base::format("{} problems", report.problems.size()));
  return report.problems.empty() ? 0 : 1;
}

// 0 where everything is sound now.
int print_repair(const storage::RepairReport& report) {
  print_check(report.found);
  for (const std::string& line : report.done) base::print("repaired: {}\n", line);
  for (const std::string& problem : report.left) base::print("not repaired: {}\n", problem);
  return report.left.empty() ? 0 : 1;
}

}  // namespace

// A directory that does not exist is an error: opening the store would make it, and report an empty
// one as clean (integration/test_cli.py, test_missing_directory_is_refused_and_not_made).
int run_check(const ServeConfig& config, bool repair) {
  if (access(config.data_dir.c_str(), F_OK) != 0) {
    throw std::runtime_error("--data-dir " + config.data_dir + ": does not exist");
  }
  SystemRandom random;
  // Takes the lock of the directory, so a check never runs beside a server that writes.
  const auto store = storage::Store::open({.directory = config.data_dir}, random);
  // Optional, so that it can end its line on the terminal before the report begins.
  std::optional<Progress> line(std::in_place, "checked", config.progress);
  const auto progress = [&line](std::int64_t done, std::int64_t all) { line->update(done, all); };
  if (repair) {
    const auto report = storage::repair_store(*store, progress);
    line.reset();  // before the report
    return print_repair(report);
  }
  const auto report = storage::check_store(*store, progress);
  line.reset();
  return print_check(report);
}

namespace {

// Without an id the last denial is asked for. A request can have several decisions (a push needs
// several actions), so an id asks for all of them; 1000 is how many the server keeps.
std::string target_of(const ExplainConfig& config) {
  std::string target = "/_ecr-local/decisions?trace=true";
  if (config.request_id.empty()) return target + "&decision=Denied&limit=1";
  return target + "&limit=1000&requestId=" + base::percent_encode(config.request_id);
}

// Prints an error; the exit status.
int fail_command(const std::string& what) {
  base::print(stderr, "ecr-local: {}\n", what);
  return 1;
}

// The message of an error answer, where the server sent one. The message says what to do, for
// example that --admin-token is missing.
std::string refusal(const api::ExchangeAnswer& answer) {
  const auto json = base::parse_ordered_json(answer.body);
  const bool has_message = json && json->is_object() && json->contains("message");
  return base::format("the server answers {}: {}", answer.head.status,
                      has_message ? base::dump((*json)["message"]) : "(no message)");
}

}  // namespace

// Asks a running server for the decisions of a request and draws them.
int run_explain(const ExplainConfig& config) {
  const auto answer = http_get(config.url, target_of(config), config.admin_token);
  if (!answer) return fail_command("nothing answers on " + config.url);
  if (answer->head.status != 200) return fail_command(refusal(*answer));
  const auto json = base::parse_ordered_json(answer->body);
  if (!json || !json->is_object() || !json->contains("decisions")) {
    return fail_command(config.url + " is not an ecr-local");
  }
  const base::OrderedJson& decisions = json->at("decisions");
  if (decisions.empty()) {
    if (config.request_id.empty()) return fail_command("no denial is recorded");
    return fail_command(
        base::format("no decision of request {} is recorded (the last 1000 decisions "
                     "are, unless --iam is off)",
                     config.request_id));
  }
  // They come newest first. Printed in the order in which they were made.
  for (std::size_t i = decisions.size(); i-- > 0;) {
    base::print("{}{}", explain_text(decisions[i]), i > 0 ? "\n" : "");
  }
  return 0;
}

// One request to a running server, for container images that have no curl.
int run_healthcheck(const std::string& url) {
  const auto answer = http_get(url, "/_ecr-local/health");
  if (!answer) return fail_command("nothing answers on " + url);
  const bool healthy = answer->head.status == 200;
  base::print("{}\n", healthy ? "healthy" : "not healthy");
  return healthy ? 0 : 1;
}

// Prints the certificate that clients of --tls auto have to trust; makes it where there is none.
// Works before the first start and beside a running server: the authority locks its directory only
// while it reads or makes the files (integration/test_tls_auto.py,
// test_it_can_be_printed_before_the_first_start).
int run_ca(const ServeConfig& config) {
  std::error_code ignored;  // where it is wrong, the next line throws and says what
  std::filesystem::create_directories(config.data_dir, ignored);
  const CertificateAuthority authority(config.data_dir, SystemClock().now());
  base::print("{}", authority.certificate());
  return 0;
}

}  // namespace ecr::server
