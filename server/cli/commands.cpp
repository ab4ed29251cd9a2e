#include "server/cli/commands.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <unistd.h>

#include "auth/iam/evaluate_json.h"
#include "auth/iam/policy.h"
#include "auth/verify_json.h"
#include "schemas/base/text.h"
#include "server/cli/progress.h"
#include "server/cli/system.h"
#include "storage/check.h"
#include "storage/repair.h"
#include "storage/store.h"

namespace ecr::server {
namespace {

// One line in, one line out, in order; 1 where any line was malformed.
template <typename Answer>
int answer_lines(Answer answer) {
  bool all_good = true;
  std::string line;
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

auth::iam::PolicyType policy_type(const std::string& name) {
  using auth::iam::PolicyType;
  static const std::map<std::string, PolicyType> kTypes{
      {"identity", PolicyType::kIdentity}, {"repository", PolicyType::kRepository},
      {"registry", PolicyType::kRegistry}, {"registry-v1", PolicyType::kRegistryV1},
      {"trust", PolicyType::kTrust},       {"session", PolicyType::kSession},
      {"scp", PolicyType::kScp},           {"rcp", PolicyType::kRcp}};
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

int run_validate_policy(const std::string& file, const std::string& type) {
  const std::string document = read_document(file);
  bool valid = true;
  for (const auto& problem : auth::iam::lint_policy(document, policy_type(type))) {
    valid = valid && problem.warning;
    // What the whole document is about stands at its first line.
    base::print("{}:{}: {}: {}{}{}\n", file, std::max<std::size_t>(problem.line, 1),
                problem.warning ? "warning" : "error",
                problem.path.empty() ? "" : problem.path + ": ", problem.message,
                problem.detail.empty() ? "" : " (" + problem.detail + ")");
  }
  if (valid) base::print("{}: a valid {} policy\n", file, type);
  return valid ? 0 : 1;
}

namespace {

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

int run_check(const ServeConfig& config, bool repair) {
  if (access(config.data_dir.c_str(), F_OK) != 0) {
    throw std::runtime_error("--data-dir " + config.data_dir + ": does not exist");
  }
  SystemRandom random;
  const auto store = storage::Store::open({.directory = config.data_dir}, random);
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

}  // namespace ecr::server
