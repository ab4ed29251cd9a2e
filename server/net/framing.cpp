#include "server/net/framing.h"

#include <algorithm>
#include <array>

#include "schemas/base/encoding.h"

namespace ecr::server {
namespace {

// Signature verification, routing or framing depends on these fields. A request with two of one
// kind is refused: the check could see one value, and the code behind it the other.
constexpr std::array<std::string_view, 14> kSingle = {"host",
                                                      "content-length",
                                                      "transfer-encoding",
                                                      "authorization",
                                                      "content-type",
                                                      "date",
                                                      "content-encoding",
                                                      "expect",
                                                      "range",
                                                      "content-range",
                                                      "origin",
                                                      "connection",
                                                      "upgrade",
                                                      "sec-fetch-site"};

// Every header of AWS's own counts, which begins with x-amz-: the date, the token, the target, the
// hash of the body. Signature Version 4 requires that they are signed (AWS General Reference).
bool must_be_single(std::string_view name) {
  constexpr std::string_view kAmazon = "x-amz-";
  if (name.size() > kAmazon.size() && is_field(name.substr(0, kAmazon.size()), kAmazon)) {
    return true;
  }
  return std::any_of(kSingle.begin(), kSingle.end(),
                     [name](std::string_view single) { return is_field(name, single); });
}

// The underscore is no character of a host name (RFC 952), but names of compose services have it.
bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

// Empty is a port, too: RFC 3986, 3.2.3 allows "host:".
bool is_port(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Beast also accepts a list of equal numbers, as RFC 9112, 6.3 allows. Other servers do not. 18
// digits always fit into 64 bits, so the length cannot overflow.
bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

FramingError bad(std::string reason) { return {400, std::move(reason)}; }

// Quadratic, over at most kMaxHeaderFields fields, and only for fields of the list.
std::optional<FramingError> check_duplicates(const std::vector<api::HeaderView>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!must_be_single(fields[i].first)) continue;
    for (std::size_t j = i + 1; j < fields.size(); ++j) {
      if (base::equals_ignore_case(fields[i].first, fields[j].first)) {
        return bad("the header " + std::string(fields[i].first) + " is given more than once");
      }
    }
  }
  return std::nullopt;
}

std::optional<FramingError> check_target(std::string_view target) {
  // A path only: the forms for proxies ("http://host/", "*", RFC 9112, 3.2) would bring a second
  // host into a request that has one already.
  if (target.size() > kMaxTargetBytes) return FramingError{414, "the URI is too long"};
  if (!target.starts_with('/')) return bad("the request target must be a path");
  // Bytes above 0x7f pass: clients send UTF-8 in paths unescaped, and the route decides whether it
  // means anything.
  const bool clean = std::none_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (!clean) return bad("the request target has a control character");
  return std::nullopt;
}

// Much of what is served was stored by clients: manifests of their media types, layers, referrers.
// A browser that opens it runs no script and loads nothing, and takes it for a page of no origin
// (CSP Level 3, "sandbox"). It stands on every answer that has no policy of its own, so that no
// route can forget it (integration/test_browser.py).
constexpr std::string_view kInertPolicy = "sandbox; default-src 'none'";

// A line break in a value would begin a header of the client's choice (response splitting).
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const auto at = static_cast<std::ptrdiff_t>(out.size());
  out.append(value);
  std::replace_if(
      out.begin() + at, out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  out.append("\r\n");
}

}  // namespace

bool is_field(std::string_view name, std::string_view lower) {
  return base::equals_ignore_case(name, lower);
}

bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  // An IPv6 address in brackets. Only its characters are checked: the text is compared with names,
  // and never connected to.
  if (host.front() == '[') {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = host.substr(1, end - 1);
    const bool hex = std::all_of(address.begin(), address.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
             c == ':' || c == '.';
    });
    const std::string_view rest = host.substr(end + 1);
    return hex && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const std::size_t colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_host_char)) return false;
  return colon == std::string_view::npos || is_port(host.substr(colon + 1));
}

// The order of the checks decides which error a request with several faults gets. Shown case by
// case by Framing.AmbiguousRequestsAreRefused, and from outside by integration/test_abuse_http.py.
std::optional<FramingError> check_framing(const RequestHead& head) {
  if (head.version != 11 && head.version != 10) return FramingError{505, "use HTTP/1.1"};
  if (auto error = check_target(head.target)) return error;
  if (auto error = check_duplicates(head.fields)) return error;
  bool host = false, length = false, encoding = false;
  for (const auto& [name, value] : head.fields) {
    if (is_field(name, "host")) {
      host = true;
      if (!is_valid_host(value)) return bad("the Host is not valid");
    } else if (is_field(name, "content-length")) {
      length = true;
      if (!is_number(value)) return bad("the Content-Length is not a number");
    } else if (is_field(name, "transfer-encoding")) {
      encoding = true;
      // Any other coding ("identity", "gzip, chunked") leaves Beast and a proxy of different
      // opinion about where the body ends.
      if (!is_field(value, "chunked")) return bad("the Transfer-Encoding must be chunked");
    }
  }
  // RFC 9112, 3.2: exactly one Host.
  if (!host) return bad("the Host is missing");
  // RFC 9112, 6.1: a message with both, or with Transfer-Encoding in HTTP/1.0, may be an attempt to
  // smuggle a request past a proxy that reads the length differently.
  if (encoding && length) return bad("both Content-Length and Transfer-Encoding are given");
  if (encoding && head.version == 10) return bad("HTTP/1.0 has no Transfer-Encoding");
  return std::nullopt;
}

std::uint64_t body_length(const api::HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  // For a HEAD the body is empty and its announced length is HttpResponse::head_length.
  if (const auto* slice = std::get_if<api::FileSlice>(&response.body)) return slice->length;
  if (const auto* pieces = std::get_if<std::shared_ptr<api::PieceSource>>(&response.body)) {
    return (*pieces)->length();
  }
  return 0;  // a live stream: unknown
}

// x-amzn-RequestId is on every answer, also on those of /v2/, as ECR sends it; `ecr-local explain`
// takes the value. Test: ResponseHead.CannotBeSplit.
std::string response_head(const api::HttpResponse& response, std::string_view request_id,
                          std::string_view date, bool keep_alive) {
  std::string head;
  // The head of an ordinary answer fits without a second allocation.
  head.reserve(768);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(api::reason_of(response.status)).append("\r\n");
  // An origin server with a clock has to send Date (RFC 9110, 6.6.1).
  append_field(head, "Date", date);
  append_field(head, "x-amzn-RequestId", request_id);
  append_field(head, "X-Content-Type-Options", "nosniff");
  bool has_policy = false;
  for (const auto& [name, value] : response.headers) {
    append_field(head, name, value);
    has_policy = has_policy || is_field(name, "content-security-policy");
  }
  if (!has_policy) append_field(head, "Content-Security-Policy", kInertPolicy);
  const bool live = std::holds_alternative<std::shared_ptr<api::BodySource>>(response.body);
  // RFC 9110, section 8.6: 204 must not have a Content-Length. That of 304 would be the one of the
  // answer with a body, which is not known here.
  if (response.status != 204 && response.status != 304 && !live) {
    append_field(head, "Content-Length",
                 std::to_string(response.head_length.value_or(body_length(response))));
  }
  if (!keep_alive) append_field(head, "Connection", "close");
  head.append("\r\n");
  return head;
}

}  // namespace ecr::server
