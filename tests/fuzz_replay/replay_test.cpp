// Runs what the fuzzers have found, and what they started from, through the same functions.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// Its idea of this list changes with each run.
// clang-format off
#define ECR_FUZZ_TARGETS(X) \
  X(evaluate_json) X(glob) X(http) X(identifiers) X(json) X(manifest) X(pattern) X(policy) \
  X(query_protocol) X(route) X(sigv4) X(token) X(validator) X(verify_json)
// clang-format on

#define ECR_DECLARE(name) int fuzz_##name(const std::uint8_t* data, std::size_t size);
ECR_FUZZ_TARGETS(ECR_DECLARE)
#undef ECR_DECLARE

namespace ecr::fuzz {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
};

#define ECR_ENTRY(name) Target{#name, &fuzz_##name},
constexpr Target kTargets[] = {ECR_FUZZ_TARGETS(ECR_ENTRY)};
#undef ECR_ENTRY

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

std::vector<std::uint8_t> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class FuzzCorpus : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, HoldsItsClaims) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(ECR_FUZZ_CORPUS) / GetParam().name)) {
    std::cout << entry.path().filename().string() << std::endl;  // named before it can crash
    const auto bytes = read_file(entry.path());
    GetParam().run(bytes.data(), bytes.size());
    ++files;
  }
  GetParam().run(nullptr, 0);
  EXPECT_GT(files, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, ::testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

TEST(FuzzTargets, EveryCorpusHasItsTarget) {
  std::set<std::string> names, folders;
  for (const Target& target : kTargets) names.insert(target.name);
  for (const auto& entry : fs::directory_iterator(ECR_FUZZ_CORPUS)) {
    folders.insert(entry.path().filename().string());
  }
  EXPECT_EQ(folders, names);
}

}  // namespace
}  // namespace ecr::fuzz
