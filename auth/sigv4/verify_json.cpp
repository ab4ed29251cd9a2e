// The requests come from files of signature test suites, AWS's own among them. So the parser here
// takes forms that the server refuses (bare LF, folded headers, spaces in the target) and must
// never be used for requests from a network.
#include "auth/sigv4/verify_json.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "auth/sigv4/sigv4.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

using base::Json;

struct RawRequest {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Takes the text up to the next line end away from `text` and returns it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The suites have targets with spaces: the method ends at the first space of the line, and the
// version begins after the last.
bool parse_request_line(std::string_view line, RawRequest& out) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last == first) return false;
  if (!base::equals_ignore_case(line.substr(last + 1).substr(0, 5), "HTTP/")) return false;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  // Only the origin form: SigV4 signs the path and not the absolute URL.
  if (!target.starts_with('/')) return false;
  const std::size_t mark = std::min(target.find('?'), target.size());
  out.method = line.substr(0, first);
  out.path = target.substr(0, mark);
  if (mark < target.size()) out.query = target.substr(mark + 1);
  return true;
}

// A body longer than Content-Length is cut there, as a server would read it.
void cut_body(RawRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!base::equals_ignore_case(name, "content-length")) continue;
    const std::size_t digits = std::min(value.find_first_not_of(" \t"), value.size());
    // A length that is no number cuts nothing; the signature covers the body as it is.
    std::size_t length = 0;
    const auto [end, error] =
        std::from_chars(value.data() + digits, value.data() + value.size(), length);
    if (error == std::errc() && length < request.body.size()) request.body.resize(length);
  }
}

tl::expected<RawRequest, std::string> parse_request(std::string_view text) {
  RawRequest request;
  if (!parse_request_line(take_line(text), request)) {
    return tl::unexpected(std::string("raw_request: not a request line: METHOD /target HTTP/1.1"));
  }
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    // A folded header line (RFC 9112 section 5.2): the fold counts as one space.
    if (line.front() == ' ' || line.front() == '\t') {
      if (request.headers.empty()) {
        return tl::unexpected(std::string("raw_request: a continuation line without a header"));
      }
      request.headers.back().second.append(1, ' ').append(line);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return tl::unexpected(std::string("raw_request: a header line without a name and ':'"));
    }
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  request.body = text;
  cut_body(request);
  return request;
}

// Reads typed members of an object; nullopt if a member is absent or null. It keeps the first error
// only, so that the caller checks once after all reads.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  // The value of a wrong type is nullopt, as if it were absent; error() then tells.
  std::optional<std::string> text(const char* name, bool required) {
    const Json* value = find(name, required);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) fail(name, "must be a string");
    return value->is_string() ? std::optional(value->get<std::string>()) : std::nullopt;
  }
  std::optional<bool> flag(const char* name) {
    const Json* value = find(name, false);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) fail(name, "must be true or false");
    return value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
  }
  const Json* object(const char* name) {
    const Json* value = find(name, true);
    if (value != nullptr && !value->is_object()) fail(name, "must be an object");
    return value != nullptr && value->is_object() ? value : nullptr;
  }
  void fail(const char* name, const char* what) {
    if (error_.empty()) error_.append(name).append(" ").append(what);
  }
  const std::string& error() const { return error_; }  // the first one; empty: none

 private:
  const Json* find(const char* name, bool required) {
    const auto found = object_.find(name);
    const bool present = found != object_.end() && !found->is_null();
    if (!present && required) fail(name, "is required");
    return present ? &*found : nullptr;
  }

  const Json& object_;
  std::string error_;
};

struct Line {
  base::TimePoint now;
  std::optional<std::string> region;
  std::string service;
  bool normalize = true;
  bool token_may_be_unsigned = false;
  std::string access_key_id;
  SigningCredential credential;
  RawRequest request;
};

tl::expected<Line, std::string> parse_line(std::string_view text) {
  const auto json = base::parse_json(text);
  if (!json) return tl::unexpected("not JSON: " + json.error().detail);
  if (!json->is_object()) return tl::unexpected(std::string("the line must be a JSON object"));
  Reader reader(*json);
  const std::string now = reader.text("now", true).value_or("");
  const std::string raw = reader.text("raw_request", true).value_or("");
  Line line;
  line.region = reader.text("region", false);
  line.service = reader.text("service", true).value_or("");
  line.normalize = reader.flag("normalize").value_or(true);
  // AWS's test suite has one request whose token was added after signing (post-sts-header-after),
  // for a service of its own. ECR, IAM and STS refuse such a token.
  const bool ours = line.service == "ecr" || line.service == "iam" || line.service == "sts";
  line.token_may_be_unsigned = reader.flag("omit_session_token").value_or(!ours);
  // Not null after the next line: object() reports an error for everything that is no object.
  const Json* credentials = reader.object("credentials");
  if (!reader.error().empty()) return tl::unexpected(reader.error());

  Reader inner(*credentials);
  line.access_key_id = inner.text("access_key_id", true).value_or("");
  line.credential.secret_access_key = inner.text("secret_access_key", true).value_or("");
  line.credential.session_token = inner.text("token", false).value_or("");
  if (!inner.error().empty()) return tl::unexpected("credentials." + inner.error());

  auto time = base::parse_iso8601(now);
  // Suites write the time either way.
  if (!time) time = base::parse_basic(now);
  if (!time) return tl::unexpected(std::string("now must be an ISO 8601 time"));
  line.now = *time;
  auto request = parse_request(raw);
  if (!request) return tl::unexpected(request.error());
  line.request = std::move(*request);
  return line;
}

}  // namespace

// `ok` tells whether the line could be read. A wrong signature is an answer, not a malformed line.
std::string verify_sigv4_line(std::string_view json_line, bool& ok) {
  const auto line = parse_line(json_line);
  ok = line.has_value();
  if (!ok) return base::dump(base::OrderedJson{{"error", line.error()}});

  const RawRequest& raw = line->request;
  const std::vector<HeaderView> headers(raw.headers.begin(), raw.headers.end());
  const SignedRequest request{raw.method, raw.path, raw.query, headers, raw.body};
  SigV4Options options;
  options.now = line->now;
  options.service = line->service;
  if (line->region) options.region = *line->region;
  options.normalize_path = line->normalize;
  options.token_may_be_unsigned = line->token_may_be_unsigned;
  const auto verified =
      verify_sigv4(request, options, [&](std::string_view id) -> std::optional<SigningCredential> {
        // The line has one credential, so every other key is unknown.
        if (id != line->access_key_id) return std::nullopt;
        return line->credential;
      });
  if (verified) return base::dump(base::OrderedJson{{"valid", true}});
  return base::dump(base::OrderedJson{{"valid", false},
                                      {"error", json_type_of(verified.error().kind)},
                                      {"message", verified.error().message}});
}

}  // namespace ecr::auth
