// The cost of verifying a request's signature, with and without the memo of signing keys, and
// what grows with the body.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "auth/sigv4/sign.h"
#include "auth/sigv4/sigv4.h"
#include "schemas/base/clock.h"

namespace ecr::auth {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

// A request as the AWS CLI sends it, signed.
class Request {
 public:
  explicit Request(std::size_t body_bytes) : now_(*base::parse_basic("20260102T030405Z")) {
    input_.headers = {{"Host", "127.0.0.1:4599"},
                      {"Content-Type", "application/x-amz-json-1.1"},
                      {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeImages"}};
    input_.body.assign(body_bytes, 'x');
    input_.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    input_.secret_access_key = kSecret;
    input_.time = now_;
    for (auto& header : sign_headers(input_)) input_.headers.push_back(std::move(header));
    for (const auto& [name, value] : input_.headers) views_.emplace_back(name, value);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  SignedRequest get() const {
    return {input_.method, input_.path, input_.query, views_, input_.body};
  }
  base::TimePoint now() const { return now_; }

 private:
  const base::TimePoint now_;
  SigningInput input_;
  std::vector<HeaderView> views_;
};

void verify(benchmark::State& state, SigningKeyMemo* memo) {
  const Request request(static_cast<std::size_t>(state.range(0)));
  const SigV4Options options{
      .now = request.now(), .service = "ecr", .region = {}, .signing_keys = memo};
  const CredentialLookup lookup = [](std::string_view) {
    return SigningCredential{std::string(kSecret), "", {}};
  };
  for (auto _ : state) {
    auto verified = verify_sigv4(request.get(), options, lookup);
    if (!verified) {
      state.SkipWithError(verified.error().message.c_str());
      return;
    }
    benchmark::DoNotOptimize(verified);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void VerifyCachedKey(benchmark::State& state) {
  SigningKeyMemo memo;
  verify(state, &memo);
}
BENCHMARK(VerifyCachedKey)->Arg(128)->Arg(64 << 10)->Arg(4 << 20);

void VerifyUncachedKey(benchmark::State& state) { verify(state, nullptr); }
BENCHMARK(VerifyUncachedKey)->Arg(128)->Arg(64 << 10);

// All threads verify with keys of one memo.
void VerifyCachedKeyShared(benchmark::State& state) {
  static SigningKeyMemo memo;
  verify(state, &memo);
}
BENCHMARK(VerifyCachedKeyShared)->Arg(128)->Threads(2)->Threads(8)->UseRealTime();

}  // namespace
}  // namespace ecr::auth
