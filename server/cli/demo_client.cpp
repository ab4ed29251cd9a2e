#include "server/cli/demo_client.h"

#include <algorithm>
#include <stdexcept>
#include <sys/socket.h>

#include "auth/sigv4/sign.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "server/client/http_get.h"
#include "storage/os/posix.h"

namespace ecr::server {
namespace {

HttpUrl parse_url(const std::string& url) {
  auto parsed = parse_http_url(url);
  if (!parsed) throw std::runtime_error("--url " + url + ": must be http://HOST:PORT");
  return std::move(*parsed);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string receive_all(int fd) {
  std::string text;
  char buffer[16384];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

std::string DemoReply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 2);
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !base::equals_ignore_case(line.substr(0, colon), name)) continue;
    return std::string(line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size())));
  }
  return {};
}

DemoClient::DemoClient(const std::string& url, std::string region, const base::Clock& clock)
    : url_(parse_url(url)), region_(std::move(region)), clock_(clock) {}

DemoReply DemoClient::send(const std::string& method, const std::string& target,
                           const HeaderPairs& headers, const std::string& body) const {
  std::string text = base::format("{} {} HTTP/1.1\r\n", method, target);
  for (const auto& [name, value] : headers) text += base::format("{}: {}\r\n", name, value);
  text += base::format("Content-Length: {}\r\nConnection: close\r\n\r\n", body.size());
  const storage::Fd fd(connect_to(url_.host, url_.port));
  if (!fd) throw std::runtime_error("nothing answers on http://" + url_.authority);
  std::string received;
  if (send_all(fd.get(), text) && send_all(fd.get(), body)) received = receive_all(fd.get());
  auto answer = parse_http_answer(received);
  if (!answer) throw std::runtime_error("no answer of HTTP from http://" + url_.authority);
  return {answer->status, received.substr(0, received.find("\r\n\r\n")), std::move(answer->body)};
}

DemoReply DemoClient::send_signed(const DemoKeys& keys, const std::string& service,
                                  HeaderPairs headers, const std::string& body) const {
  headers.emplace_back("Host", url_.authority);
  auth::SigningInput input;
  input.headers = headers;
  input.body = body;
  input.access_key_id = keys.access_key;
  input.secret_access_key = keys.secret_key;
  input.region = region_;
  input.service = service;
  input.time = clock_.now();
  for (auto& each : auth::sign_headers(input)) headers.push_back(std::move(each));
  return send("POST", "/", headers, body);
}

DemoReply DemoClient::ecr(const DemoKeys& keys, const std::string& operation,
                          const std::string& body) const {
  return send_signed(keys, "ecr",
                     {{"Content-Type", "application/x-amz-json-1.1"},
                      {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921." + operation}},
                     body);
}

DemoReply DemoClient::query(const DemoKeys& keys, const std::string& service,
                            const HeaderPairs& parameters) const {
  std::string body = service == "iam" ? "Version=2010-05-08" : "Version=2011-06-15";
  for (const auto& [name, value] : parameters) {
    body += base::format("&{}={}", name, base::percent_encode(value));
  }
  return send_signed(keys, service, {{"Content-Type", "application/x-www-form-urlencoded"}}, body);
}

DemoReply DemoClient::registry(const std::string& password, const std::string& method,
                               const std::string& target, const std::string& body,
                               const std::string& content_type) const {
  HeaderPairs headers{{"Host", url_.authority},
                      {"Authorization", "Basic " + base::base64_encode("AWS:" + password)}};
  if (!content_type.empty()) headers.emplace_back("Content-Type", content_type);
  return send(method, target, headers, body);
}

DemoReply DemoClient::get(const std::string& target, const std::string& bearer) const {
  HeaderPairs headers{{"Host", url_.authority}};
  if (!bearer.empty()) headers.emplace_back("Authorization", "Bearer " + bearer);
  return send("GET", target, headers, {});
}

}  // namespace ecr::server
