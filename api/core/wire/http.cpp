#include "api/core/wire/http.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "api/core/wire/error.h"
#include "auth/iam/match/condition_values.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using auth::iam::IpNetwork;

// An address that does not parse is no proxy: it then counts as the client's own.
bool is_proxy(std::string_view address, const std::vector<std::string>& proxies) {
  const auto parsed = IpNetwork::parse(address);
  return parsed && std::any_of(proxies.begin(), proxies.end(), [&](const std::string& text) {
           const auto network = IpNetwork::parse(text);
           return network && network->contains(*parsed);
         });
}

std::string_view trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Every hop that the request tells of, the nearest last. A proxy may add a field of its own instead
// of adding to the client's: all of them count, in their order.
std::vector<std::string_view> list_of(const HttpRequest& request, std::string_view name) {
  std::vector<std::string_view> items;
  for (const auto& [key, value] : request.headers.fields()) {
    if (!base::equals_ignore_case(key, name)) continue;
    for (std::string_view rest = value;;) {
      const std::size_t comma = rest.find(',');
      items.push_back(trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return items;
}

// The headers of common proxies, "Forwarded" and "Via" of RFC 7239 and RFC 9110 among them.
bool tells_of_a_proxy(const HttpRequest& request) {
  constexpr std::array<std::string_view, 8> kNames = {
      "x-forwarded-for",    "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
      "x-forwarded-server", "forwarded",         "x-real-ip",        "via"};
  const auto fields = request.headers.fields();
  return std::any_of(fields.begin(), fields.end(), [&](const HeaderView& field) {
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
      return base::equals_ignore_case(field.first, name);
    });
  });
}

// The usual rule for X-Forwarded-For: walk from the right, as long as the address before was a
// proxy that the operator named. What stands further left was sent by the client, and could be any
// address. REQUIRES: the peer is a proxy.
std::string forwarded_address(const HttpRequest& request, const std::vector<std::string>& proxies) {
  std::string_view address = request.peer;
  auto hops = list_of(request, "x-forwarded-for");
  // From the nearest hop outwards: each is believed because the one before it is a proxy of ours.
  while (!hops.empty() && is_proxy(address, proxies)) {
    if (!IpNetwork::parse(hops.back()) || hops.back().find('/') != std::string_view::npos) break;
    address = hops.back();
    hops.pop_back();
  }
  return std::string(address);
}

// The last value is the one that the nearest proxy wrote; a client may have sent others before it.
bool is_forwarded_by_tls(const HttpRequest& request) {
  const auto protocols = list_of(request, "x-forwarded-proto");
  return !protocols.empty() && base::equals_ignore_case(protocols.back(), "https");
}

}  // namespace

HeaderList::HeaderList(std::span<const HeaderView> fields) {
  // One buffer for all: the views must stay valid when the object is moved, which the text of a
  // vector does and a short std::string does not.
  std::size_t size = 0;
  for (const auto& [name, value] : fields) size += name.size() + value.size();
  text_.resize(size);
  fields_.reserve(fields.size());
  char* at = text_.data();
  const auto keep = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    const std::string_view kept(at, text.size());
    at += text.size();
    return kept;
  };
  for (const auto& [name, value] : fields) {
    const std::string_view kept_name = keep(name);
    fields_.emplace_back(kept_name, keep(value));
  }
}

// The strict framing of server/net has refused requests with two fields of a name that matters
// (Host, Authorization, ...): the first one is the only one then.
std::optional<std::string_view> HeaderList::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (base::equals_ignore_case(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t HeaderList::count(std::string_view name) const {
  std::size_t found = 0;
  for (const auto& [key, value] : fields_) {
    if (base::equals_ignore_case(key, name)) ++found;
  }
  return found;
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string HttpRequest::origin() const {
  return base::format("{}://{}", secure ? "https" : "http", host());
}

bool is_proxy_address(std::string_view text) { return IpNetwork::parse(text).has_value(); }

void settle_client(HttpRequest& request, const std::vector<std::string>& proxies) {
  request.forwarded = tells_of_a_proxy(request);
  if (!request.forwarded || !is_proxy(request.peer, proxies)) return;
  request.secure = request.secure || is_forwarded_by_tls(request);
  request.peer = forwarded_address(request, proxies);
}

// '+' is a space here, as in a form: tags with a plus sign must be escaped by the client.
std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  if (query.empty()) return values;
  const auto pairs = base::parse_form(query, true);
  if (!pairs) throw ApiError(ErrorCode::kBadQuery, "The query string is not well-formed");
  for (const auto& [key, text] : *pairs) {
    if (key == name) values.push_back(text);
  }
  return values;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  auto values = query_values(query, name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) {
    throw ApiError(ErrorCode::kBadQuery,
                   base::format("The parameter {} is given more than once", name));
  }
  return std::move(values.front());
}

void drop_body(HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    if (!response.head_length) response.head_length = text->size();
  } else if (const auto* slice = std::get_if<FileSlice>(&response.body)) {
    response.head_length = slice->length;
  }
  response.body = std::string();
}

void LogNote::fail_as(LogNote&& other) {
  error = std::move(other.error);
  error_type = std::move(other.error_type);
  error_message = std::move(other.error_message);
}

HttpResponse text_response(int status, std::string content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.set("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

// RFC 9110, section 15; 413 and 414 by their present names.
std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

}  // namespace ecr::api
