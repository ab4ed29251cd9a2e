// Signatures in the Authorization header and in the query. The input is a request as text: request
// line, header lines, an empty line, the body. Of three identities the caller knows one secret.
#include <algorithm>
#include <string>
#include <vector>

#include "auth/sigv4/sign.h"
#include "auth/sigv4/sigv4.h"
#include "schemas/base/encoding.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::auth;
using ecr::fuzz::require;
using ecr::fuzz::take_until;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kSessionToken = "AQoDYXdzEPT//////////wEXAMPLE";

struct Input {
  std::string_view method, path, query, body;
  std::vector<HeaderView> headers;
};

Input read_input(std::string_view text) {
  Input input;
  std::string_view target = take_until(text, '\n');
  input.method = take_until(target, ' ');
  input.path = take_until(target, '?');
  input.query = target;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.empty()) break;
    const std::string_view name = take_until(line, ':');
    input.headers.emplace_back(name, line);
  }
  input.body = text;
  return input;
}

std::optional<SigningCredential> lookup(std::string_view id) {
  if (id == "AKIDEXAMPLE") return SigningCredential{std::string(kSecret), "", std::nullopt};
  if (id == "ASIAEXAMPLE") {
    return SigningCredential{std::string(kSecret), std::string(kSessionToken), std::nullopt};
  }
  if (id == "ASIAEXPIRED") {
    return SigningCredential{std::string(kSecret), std::string(kSessionToken),
                             ecr::base::parse_basic("20150830T123559Z")};
  }
  return std::nullopt;
}

SigV4Options options_for(const Input& input) {
  SigV4Options options;
  options.now = ecr::base::parse_basic("20150830T123600Z").value();
  options.service = "ecr";
  options.normalize_path = input.body.size() % 2 == 0;
  return options;
}

// An altered request must not be verified.
void check_alterations(const Input& input, const SigV4Options& options) {
  Input altered = input;
  const std::string body = std::string(input.body) + "x";
  altered.body = body;
  require(!verify_sigv4({altered.method, altered.path, altered.query, altered.headers, body},
                        options, lookup),
          "the body is signed");
  const std::string method = std::string(input.method) + "X";
  require(
      !verify_sigv4({method, input.path, input.query, input.headers, input.body}, options, lookup),
      "the method is signed");
  const std::string query = std::string(input.query) + "&x=y";
  require(
      !verify_sigv4({input.method, input.path, query, input.headers, input.body}, options, lookup),
      "the query is signed");
  SigV4Options late = options;
  late.now += std::chrono::hours(24 * 8);
  require(!verify_sigv4({input.method, input.path, input.query, input.headers, input.body}, late,
                        lookup),
          "no signature outlives seven days");
}

// RFC 9110, 5.6.2: of no other characters a field's name may be; HTTP's parser lets none through.
bool is_token(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != kOthers.npos;
  });
}

// Any request that is signed the way a client does it verifies.
void check_signing(const Input& input, const SigV4Options& options) {
  SigningInput signing;
  signing.method = input.method;
  signing.path = input.path;
  signing.query = input.query;
  signing.headers = {{"Host", "localhost"}};
  for (const auto& [name, value] : input.headers) {
    if (name.starts_with("X-Fuzz-") && is_token(name)) signing.headers.emplace_back(name, value);
  }
  signing.body = input.body;
  signing.access_key_id = "AKIDEXAMPLE";
  signing.secret_access_key = kSecret;
  signing.time = options.now;
  auto headers = signing.headers;
  for (auto& header : sign_headers(signing)) headers.push_back(std::move(header));
  const std::vector<HeaderView> views(headers.begin(), headers.end());
  const auto verified =
      verify_sigv4({input.method, input.path, input.query, views, input.body}, options, lookup);
  const bool two_forms = input.query.find("X-Amz-") != std::string_view::npos ||
                         input.query.find('%') != std::string_view::npos;
  require(verified.has_value() || two_forms, "what a client signs verifies");
}

}  // namespace

ECR_FUZZ_TARGET(sigv4) {
  const Input input = read_input(ecr::fuzz::as_text(data, size));
  SigV4Options options = options_for(input);
  const SignedRequest request{input.method, input.path, input.query, input.headers, input.body};
  const auto verified = verify_sigv4(request, options, lookup);
  if (verified) {
    require(lookup(verified->access_key_id).has_value(), "a verified key is one that exists");
    check_alterations(input, options);
  } else {
    require(!verified.error().message.empty(), "a refusal has its sentence");
    require(verified.error().message.find(kSecret) == std::string::npos ||
                ecr::fuzz::as_text(data, size).find(kSecret) != std::string_view::npos,
            "no error tells the secret");
  }
  SigningKeyMemo memo(4);
  options.signing_keys = &memo;
  require(verify_sigv4(request, options, lookup).has_value() == verified.has_value(),
          "cached signing keys verify as derived ones do");
  options.signing_keys = nullptr;
  options.normalize_path = true;
  check_signing(input, options);
  return 0;
}
