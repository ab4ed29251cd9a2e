// The cost of the API models: loading one, checking an input, matching a pattern and a name.
#include <string>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "schemas/model/embedded.h"
#include "schemas/model/model.h"
#include "schemas/model/pattern.h"
#include "schemas/model/repository_name.h"
#include "schemas/model/validator.h"

namespace ecr::model {
namespace {

// A name of the given length that is right, with a separator in every place where one may be: the
// worst for a matcher.
std::string repository_name(std::size_t length) {
  std::string name;
  while (name.size() < length) name += name.size() % 2 == 0 ? 'a' : '/';
  if (name.back() == '/') name.back() = 'a';
  return name;
}

void LoadEcrModel(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ServiceModel::load(embedded::ecr_model()));
}
BENCHMARK(LoadEcrModel)->Unit(benchmark::kMillisecond);

void LoadIamModel(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ServiceModel::load(embedded::iam_model()));
}
BENCHMARK(LoadIamModel)->Unit(benchmark::kMillisecond);

void validate_create_repository(benchmark::State& state, const nlohmann::json& input,
                                std::size_t violations) {
  const Shape& shape = *ServiceModel::ecr().find("CreateRepository")->input;
  if (validate(input, shape).size() != violations) state.SkipWithError("wrong input");
  for (auto _ : state) benchmark::DoNotOptimize(validate(input, shape));
}

void ValidateCreateRepositorySmall(benchmark::State& state) {
  validate_create_repository(state, {{"repositoryName", "team-a/app"}}, 0);
}
BENCHMARK(ValidateCreateRepositorySmall);

void ValidateCreateRepositoryFull(benchmark::State& state) {
  nlohmann::json tags = nlohmann::json::array();
  for (int i = 0; i < 50; ++i) {
    tags.push_back({{"Key", "key-" + std::to_string(i)}, {"Value", "value"}});
  }
  validate_create_repository(state,
                             {{"repositoryName", repository_name(256)},
                              {"tags", tags},
                              {"imageTagMutability", "IMMUTABLE"},
                              {"imageScanningConfiguration", {{"scanOnPush", true}}},
                              {"encryptionConfiguration", {{"encryptionType", "AES256"}}}},
                             0);
}
BENCHMARK(ValidateCreateRepositoryFull);

void ValidateCreateRepositoryBadName(benchmark::State& state) {
  validate_create_repository(state, {{"repositoryName", "Team/App"}}, 1);
}
BENCHMARK(ValidateCreateRepositoryBadName);

void MatchRepositoryNamePattern(benchmark::State& state) {
  const Pattern& pattern = *ServiceModel::ecr().shape("RepositoryName")->pattern;
  const std::string name = repository_name(static_cast<std::size_t>(state.range(0)));
  if (!pattern.matches(name)) state.SkipWithError("no match");
  for (auto _ : state) benchmark::DoNotOptimize(pattern.matches(name));
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(MatchRepositoryNamePattern)->RangeMultiplier(8)->Range(8, 4096)->Complexity();

// As every request of the registry plane pays for it.
void ParseRepositoryName(benchmark::State& state) {
  const std::string name = repository_name(static_cast<std::size_t>(state.range(0)));
  if (!RepositoryName::parse(name)) state.SkipWithError("no match");
  for (auto _ : state) benchmark::DoNotOptimize(RepositoryName::parse(name));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ParseRepositoryName)->Arg(10)->Arg(256);

}  // namespace
}  // namespace ecr::model
