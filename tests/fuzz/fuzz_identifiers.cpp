// The small parsers at the edge: digests, ARNs, names, encodings, times, addresses. Each says what
// it accepts, so what is accepted can be written again.
#include <string>

#include "auth/iam/evaluate.h"
#include "auth/iam/match/condition_values.h"
#include "schemas/base/clock.h"
#include "schemas/base/encoding.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"
#include "schemas/model/pattern.h"
#include "schemas/model/repository_name.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::base;
using namespace ecr::model;
using ecr::fuzz::require;

bool matches(const Pattern& pattern, std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && pattern.matches(text);
}

// Hand-written recognizers against the expressions of the specifications.
void check_names(std::string_view text) {
  static const Pattern repository =
      Pattern::compile(R"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)")
          .value();
  static const Pattern tag = Pattern::compile(R"([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})").value();
  static const Pattern region = Pattern::compile("[0-9a-z-]{2,25}").value();
  static const Pattern account = Pattern::compile("[0-9]{12}").value();
  static const Pattern digest =
      Pattern::compile("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}").value();
  const auto name = RepositoryName::parse(text);
  require(name.has_value() == matches(repository, text, 2, 256), "a repository's name");
  require(!name || name->text() == text, "a repository's name is its text");
  require(is_tag(text) == tag.matches(text), "a tag");
  require(is_region(text) == region.matches(text), "a region");
  require(is_account_id(text) == account.matches(text), "an account");
  require(Digest::parse(text).has_value() == digest.matches(text), "a digest");
}

void check_arns(std::string_view text) {
  if (const auto digest = Digest::parse(text)) {
    require(digest->text() == text, "a digest is its text");
    require(std::string(digest->algorithm_name()) + ":" + std::string(digest->hex()) == text,
            "a digest's parts are its text");
  }
  if (const auto arn = Arn::parse(text)) require(arn->text() == text, "an ARN is its text");
  const auto principal = ecr::auth::iam::make_principal(text, "");
  require(!principal || principal->arn.size() <= text.size(), "a principal is not made up");
  static_cast<void>(ecr::auth::iam::make_principal("arn:aws:sts::1:assumed-role/a/b", text));
}

void check_encodings(std::string_view text) {
  require(base64_decode(base64_encode(text)) == text, "base64 there and back");
  require(base64url_decode(base64url_encode(text)) == text, "base64url there and back");
  require(from_hex(to_hex(as_bytes(text))) == text, "hex there and back");
  require(percent_decode(percent_encode(text)) == text, "percent-encoding there and back");
  if (const auto bytes = base64_decode(text)) {
    require(base64_decode(base64_encode(*bytes)) == *bytes, "base64 back and there");
  }
  if (const auto bytes = from_hex(text)) {
    require(to_hex(as_bytes(*bytes)) == to_lower(text), "hex back and there");
  }
  static_cast<void>(base64url_decode(text));
  static_cast<void>(percent_decode(text, true));
  static_cast<void>(parse_form(text, true));
  require(is_valid_utf8(text) || !text.empty(), "the empty text is UTF-8");
}

void check_times(std::string_view text) {
  if (const auto time = parse_basic(text)) {
    require(format_basic(*time) == text, "a basic time is its text");
  }
  if (const auto time = parse_iso8601(text)) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
    require(parse_iso8601(format_iso8601(*time)) == TimePoint(seconds), "an ISO time is a time");
  }
  if (const auto time = parse_http_date(text)) {
    require(parse_http_date(format_http_date(*time)) == time, "an HTTP date is a time");
  }
}

void check_condition_values(std::string_view text) {
  static_cast<void>(ecr::auth::iam::parse_number(text));
  static_cast<void>(ecr::auth::iam::parse_date(text));
  static_cast<void>(ecr::auth::iam::parse_bool(text));
  const auto network = ecr::auth::iam::IpNetwork::parse(text);
  if (!network) return;
  require(network->prefix >= 0 && network->prefix <= (network->v6 ? 128 : 32), "a prefix");
  auto address = *network;
  address.prefix = network->v6 ? 128 : 32;
  require(network->contains(address), "a network contains its address");
}

}  // namespace

ECR_FUZZ_TARGET(identifiers) {
  const std::string_view text = ecr::fuzz::as_text(data, size);
  check_names(text);
  check_arns(text);
  check_encodings(text);
  check_times(text);
  check_condition_values(text);
  return 0;
}
