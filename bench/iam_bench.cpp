// Authorization decisions from compiled policies, and what it costs to compile one.
//
// BM_Decide: one user, two identity policies (four statements in all), a boundary, an SCP, an RCP
// and a repository policy with conditions. Goal: 1,000,000 decisions a second on one core.
// The counter allocs_per_decision counts calls of operator new.
//
// BM_DecideByReadOnlyAccess beside BM_DecideByFourStatements: a policy of AWS's with thousands of
// actions. Goal: at most three times the time.
//
// By hand: g++ -std=c++20 -O2 -DNDEBUG -I. bench/iam_bench.cpp <libs of ecr_api> -lbenchmark
#include <cstdlib>
#include <new>
#include <string>

#include <benchmark/benchmark.h>

#include "api/core/access/aws_managed_policies.h"
#include "auth/iam/evaluate.h"
#include "auth/iam/evaluate_json.h"

namespace {
std::size_t allocations = 0;
}  // namespace

// Not inlined: g++ then takes malloc and free for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace ecr::auth::iam;

constexpr const char* kPushPolicy = R"({"Version": "2012-10-17", "Statement": [
  {"Sid": "Token", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
  {"Sid": "Push", "Effect": "Allow",
   "Action": ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
              "ecr:CompleteLayerUpload", "ecr:PutImage"],
   "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/team/*",
   "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}}]})";
constexpr const char* kReadPolicy = R"({"Version": "2012-10-17", "Statement": [
  {"Sid": "Read", "Effect": "Allow", "Action": ["ecr:Batch*", "ecr:Describe*", "ecr:Get*"],
   "Resource": "arn:aws:ecr:*:123456789012:repository/*"},
  {"Sid": "NoProduction", "Effect": "Deny", "Action": "ecr:*", "Resource": "*",
   "Condition": {"StringLike": {"aws:ResourceTag/env": ["prod", "production-*"]}}}]})";
constexpr const char* kBoundary = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ecr:*", "sts:*"], "Resource": "*",
   "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]})";
constexpr const char* kScp = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "*", "Resource": "*"},
  {"Effect": "Deny", "Action": "*", "Resource": "*",
   "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}}]})";
constexpr const char* kRcp = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
  {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
   "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}}]})";
constexpr const char* kRepository = R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
   "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]},
  {"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage",
   "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}}]})";

AttachedPolicy attach(const char* document) {
  return {*Policy::parse(document, PolicyType::kAny), "policy"};
}

PolicySet policies() {
  PolicySet set;
  set.identity = {attach(kPushPolicy), attach(kReadPolicy)};
  set.boundaries = {attach(kBoundary)};
  set.resource = {attach(kRepository)};
  set.scps = {{attach(kScp)}};
  set.rcps = {{attach(kRcp)}};
  return set;
}

Request request() {
  Request r;
  r.principal = *make_principal("arn:aws:iam::123456789012:user/jane", "");
  r.action = "ecr:PutImage";
  r.resource = "arn:aws:ecr:us-east-1:123456789012:repository/team/app";
  r.resource_account = "123456789012";
  r.context = {{"aws:CurrentTime", "2026-01-01T00:00:00Z"},
               {"aws:EpochTime", "1767225600"},
               {"aws:PrincipalAccount", "123456789012"},
               {"aws:PrincipalArn", "arn:aws:iam::123456789012:user/jane"},
               {"aws:PrincipalIsAWSService", "false"},
               {"aws:PrincipalOrgID", "o-example"},
               {"aws:PrincipalType", "User"},
               {"aws:RequestedRegion", "us-east-1"},
               {"aws:ResourceAccount", "123456789012"},
               {"aws:ResourceTag/env", "dev"},
               {"aws:ResourceTag/team", "blue"},
               {"aws:SecureTransport", "true"},
               {"aws:SourceIp", "10.1.2.3"},
               {"aws:UserAgent", "docker/24.0.7"},
               {"aws:ViaAWSService", "false"},
               {"aws:userid", "AIDAEXAMPLEEXAMPLE"},
               {"aws:username", "jane"},
               {"ecr:ResourceTag/env", "dev"},
               {"ecr:ResourceTag/team", "blue"}};
  return r;
}

void BM_Decide(benchmark::State& state) {
  const PolicySet set = policies();
  const Request r = request();
  if (!evaluate(r, set).allowed()) state.SkipWithError("not allowed");
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(r, set));
  state.SetItemsProcessed(state.iterations());
  state.counters["allocs_per_decision"] =
      static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_Decide);

// The same with a policy variable in the resource.
void BM_DecideWithVariable(benchmark::State& state) {
  PolicySet set = policies();
  set.identity.push_back(attach(R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/${aws:username}/*"}})"));
  const Request r = request();
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(r, set));
  state.SetItemsProcessed(state.iterations());
  state.counters["allocs_per_decision"] =
      static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_DecideWithVariable);

void decide_by(benchmark::State& state, const std::vector<AttachedPolicy>& identity,
               const char* action) {
  PolicySet set;
  set.identity = identity;
  Request r = request();
  r.action = action;
  if (!evaluate(r, set).allowed()) state.SkipWithError("not allowed");
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(r, set));
  state.SetItemsProcessed(state.iterations());
}

std::string read_only_access() {
  return ecr::api::find_aws_managed_policy("arn:aws:iam::aws:policy/ReadOnlyAccess")->document();
}

// An action that both policies allow.
constexpr const char* kReadAction = "ecr:DescribeImages";

void BM_DecideByFourStatements(benchmark::State& state) {
  decide_by(state, {attach(kPushPolicy), attach(kReadPolicy)}, kReadAction);
}
BENCHMARK(BM_DecideByFourStatements);

void BM_DecideByReadOnlyAccess(benchmark::State& state) {
  decide_by(state, {attach(read_only_access().c_str())}, kReadAction);
}
BENCHMARK(BM_DecideByReadOnlyAccess);

// What PolicyMemo saves: unpacking the document, and compiling it.
void BM_UnpackReadOnlyAccess(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(read_only_access());
}
BENCHMARK(BM_UnpackReadOnlyAccess)->Unit(benchmark::kMillisecond);

void BM_CompileReadOnlyAccess(benchmark::State& state) {
  const std::string document = read_only_access();
  for (auto _ : state) {
    benchmark::DoNotOptimize(Policy::parse(document, PolicyType::kIdentity));
  }
}
BENCHMARK(BM_CompileReadOnlyAccess)->Unit(benchmark::kMillisecond);

// A policy of 10 KB, what ECR takes at most.
void BM_ParseAndCompile(benchmark::State& state) {
  std::string document = R"({"Version": "2012-10-17", "Statement": [)";
  const std::string statement =
      R"({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
      "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}})";
  document += statement;
  while (document.size() + statement.size() + 4 < 10'240) document += ", " + statement;
  document += "]}";
  for (auto _ : state) {
    auto policy = Policy::parse(document, PolicyType::kRepository);
    if (!policy) state.SkipWithError("refused");
    benchmark::DoNotOptimize(policy);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(document.size()));
}
BENCHMARK(BM_ParseAndCompile)->Unit(benchmark::kMicrosecond);

// A line of `ecr-local evaluate` whose policies were met before.
void BM_EvaluateLine(benchmark::State& state) {
  const std::string line =
      R"({"request": {"principal": "arn:aws:iam::123456789012:user/jane", "action": "ecr:PutImage",
      "resource": "arn:aws:ecr:us-east-1:123456789012:repository/team/app",
      "context": {"aws:SourceIp": "10.0.0.1", "aws:ResourceTag/team": "blue"}},
      "policies": {"identity": [)" +
      std::string(kPushPolicy) + ", " + kReadPolicy + "], \"scps\": [[" + kScp + "]]}}";
  LineEvaluator evaluator;
  bool ok = true;
  for (auto _ : state) benchmark::DoNotOptimize(evaluator.evaluate(line, false, ok));
  if (!ok) state.SkipWithError("malformed");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_EvaluateLine)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
