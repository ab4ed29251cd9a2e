#include "server/net/response_writer.h"

#include <iterator>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  out.append("\r\n");
}

}  // namespace

std::uint64_t body_length(const api::HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* slice = std::get_if<api::FileSlice>(&response.body)) return slice->length;
  if (const auto* pieces = std::get_if<std::shared_ptr<api::PieceSource>>(&response.body)) {
    return (*pieces)->length();
  }
  return 0;  // a live stream: unknown
}

std::string response_head(const api::HttpResponse& response, std::string_view request_id,
                          std::string_view date, bool keep_alive) {
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(api::reason_of(response.status)).append("\r\n");
  append_field(head, "Date", date);
  append_field(head, "x-amzn-RequestId", request_id);
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  const bool live = std::holds_alternative<std::shared_ptr<api::BodySource>>(response.body);
  if (response.status != 204 && !live) {  // RFC 9110: no Content-Length there
    append_field(head, "Content-Length",
                 std::to_string(response.head_length.value_or(body_length(response))));
  }
  if (!keep_alive) append_field(head, "Connection", "close");
  head.append("\r\n");
  return head;
}

}  // namespace ecr::server
