// Requests that Beast accepts and the gate must refuse. Each refused request ends its connection,
// so nothing behind it is ever read as a request. And the heads of responses.
#include <gtest/gtest.h>

#include "server/net/http_parser.h"

namespace ecr::server {
namespace {

std::optional<FramingError> gate(const std::string& request) {
  RequestParser parser;
  std::optional<FramingError> error;
  const std::size_t used = parser.feed_head(request, error);
  if (!error && used == 0) return FramingError{0, "needs more"};
  return error;
}

std::string with(const std::string& headers, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\nHost: localhost\r\n" + headers + "\r\n";
}

TEST(Framing, OrdinaryRequestsPass) {
  for (const std::string& request :
       {with(""), with("Content-Length: 5\r\n"), with("Transfer-Encoding: chunked\r\n"),
        with("transfer-encoding: Chunked\r\n"), with("Accept: a\r\nAccept: b\r\n"),
        with("", "GET /v2/a%2Fb?x=%20 HTTP/1.1"), with("", "GET / HTTP/1.0"),
        std::string("GET / HTTP/1.1\r\nHost: [::1]:4599\r\n\r\n")}) {
    EXPECT_FALSE(gate(request).has_value()) << request;
  }
}

// Networks cut where they like: Beast keeps what it has parsed, and must not see it twice.
TEST(Framing, AHeadMayComeInAnyTwoPieces) {
  const std::string request = with("Content-Length: 5\r\nAccept: a\r\n", "POST /x HTTP/1.1");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    RequestParser parser;
    std::optional<FramingError> error;
    EXPECT_EQ(parser.feed_head(std::string_view(request).substr(0, cut), error), 0u) << cut;
    EXPECT_EQ(parser.feed_head(request + "12345", error), request.size()) << cut;
    EXPECT_FALSE(error.has_value()) << cut << error->reason;
    EXPECT_EQ(parser.head().target, "/x");
    EXPECT_EQ(parser.head().fields.size(), 3u);
  }
}

// With assertions on, Beast ends the process where the last chunk comes in small pieces.
TEST(Framing, AChunkedBodyMayComeInAnyPieces) {
  const std::string head = with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1");
  const std::string body = "3\r\nabc\r\n1;x\r\nd\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t step = 1; step < body.size(); ++step) {
    RequestParser parser;
    std::optional<FramingError> error;
    ASSERT_EQ(parser.feed_head(head, error), head.size());
    std::string buffer, received;
    for (std::size_t at = 0; at < body.size(); at += step) {
      buffer += body.substr(at, step);
      const std::string bytes = buffer;
      std::vector<std::string_view> pieces;
      buffer.erase(0, parser.feed_body(bytes, pieces, error));
      for (const std::string_view piece : pieces) received += piece;
      EXPECT_EQ(parser.done(), at + step >= body.size()) << step;
    }
    EXPECT_FALSE(error.has_value());
    EXPECT_EQ(received, "abcd") << step;
    EXPECT_EQ(buffer, "");
  }
}

TEST(Framing, AmbiguousRequestsAreRefused) {
  for (const std::string& request : {
           with("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"),
           with("Transfer-Encoding: identity\r\n"),
           with("Transfer-Encoding: chunked, gzip\r\n"),
           with("Transfer-Encoding: gzip, chunked\r\n"),
           with("Transfer-Encoding: xchunked\r\n"),
           with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
           with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
           with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
           with("Content-Length: 5\r\nContent-Length: 5\r\n"),
           with("Content-Length: 5, 5\r\n"),
           with("Content-Length: +5\r\n"),
           with("Content-Length: 99999999999999999999\r\n"),
           with("Content-Length:\r\n"),
           with("Host: other\r\n"),
           with("Bad Name: x\r\n"),
           with("Name : x\r\n"),
           with("Transfer-Encoding:\r\n chunked\r\n"),
           with("Content-Length: 5\r\n\t\r\n"),
           with("X-Other: a\r\n b\r\n"),
           with("Authorization: a\r\nauthorization: b\r\n"),
           with("X-Amz-Date: a\r\nx-amz-date: b\r\n"),
           with("X-Amz-Target: a\r\nX-Amz-Target: a\r\n"),
           with("X-Amz-Security-Token: a\r\nX-Amz-Security-Token: b\r\n"),
           with("Content-Type: a\r\nContent-Type: b\r\n"),
           with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"),
           with("", "GET http://other/ HTTP/1.1"),
           with("", "GET * HTTP/1.1"),
           with("", "GET /a b HTTP/1.1"),
           with("", "GET /\x01 HTTP/1.1"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a:99999999\r\n\r\n"),
           std::string("GET /\r\n\r\n"),
           std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(64, 'x'),
       }) {
    const auto error = gate(request);
    ASSERT_TRUE(error.has_value()) << request;
    EXPECT_TRUE(error->status == 400 || error->status == 505) << request << error->status;
  }
}

TEST(Framing, HeadersHaveLimits) {
  std::string many;
  for (std::size_t i = 0; i <= kMaxHeaderFields; ++i) many += "x: y\r\n";
  EXPECT_EQ(gate(with(many))->status, 431);
  EXPECT_EQ(gate(with("x: " + std::string(kMaxHeaderBytes, 'y') + "\r\n"))->status, 431);
  EXPECT_EQ(gate("GET / HTTP/1.1\r\nx: " + std::string(kMaxHeaderBytes, 'y'))->status, 431);
  for (const std::size_t size : {kMaxTargetBytes, 2 * kMaxHeaderBytes}) {
    EXPECT_EQ(gate(with("", "GET /" + std::string(size, 'a') + " HTTP/1.1"))->status, 414);
    EXPECT_EQ(gate("GET /" + std::string(size + kMaxHeaderBytes, 'a'))->status, 414);
  }
}

// The whole body, fed in pieces of `step` bytes; nullopt: refused.
std::optional<std::string> read_chunked(const std::string& body, std::size_t step) {
  RequestParser parser;
  std::optional<FramingError> error;
  parser.feed_head(with("Transfer-Encoding: chunked\r\n", "PUT / HTTP/1.1"), error);
  std::string buffer;
  std::string result;
  for (std::size_t at = 0; at < body.size() && !parser.done(); at += step) {
    buffer += body.substr(at, step);
    std::vector<std::string_view> pieces;
    const std::size_t used = parser.feed_body(buffer, pieces, error);
    for (const std::string_view piece : pieces) result += piece;
    buffer.erase(0, used);
    if (error) return std::nullopt;
  }
  if (!parser.done()) return std::nullopt;
  return result;
}

TEST(ChunkedBody, ArrivesWholeHoweverItIsCut) {
  const std::string body = "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    EXPECT_EQ(read_chunked(body, step), "hello world") << step;
  }
}

TEST(ChunkedBody, TrailersDoNotBecomeHeaders) {
  RequestParser parser;
  std::optional<FramingError> error;
  const std::string head = with("Transfer-Encoding: chunked\r\nX-Amz-Target: a\r\n");
  parser.feed_head(head, error);
  std::vector<std::string_view> pieces;
  parser.feed_body("1\r\na\r\n0\r\nAuthorization: evil\r\nX-Amz-Target: b\r\n\r\n", pieces, error);
  EXPECT_FALSE(error.has_value());
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(parser.head().fields.size(), 3u);
  for (const auto& [name, value] : parser.head().fields) EXPECT_NE(value, "evil");
}

TEST(ChunkedBody, WhatIsNotWellFormedIsRefused) {
  for (const std::string& body :
       {std::string("x\r\n"), std::string("-1\r\n"), std::string("11111111111111111\r\na"),
        "1;" + std::string(5000, 'x') + "\r\na\r\n0\r\n\r\n", std::string("1\r\nab\r\n0\r\n\r\n"),
        "0\r\nx: " + std::string(300'000, 'y') + "\r\n\r\n"}) {
    EXPECT_EQ(read_chunked(body, body.size()), std::nullopt) << body.substr(0, 20);
  }
}

TEST(RequestParser, ExpectAndKeepAlive) {
  const auto parse = [](RequestParser& parser, const std::string& text) {
    std::optional<FramingError> error;
    EXPECT_GT(parser.feed_head(text, error), 0u);
    EXPECT_FALSE(error.has_value());
  };
  RequestParser plain;
  parse(plain, with(""));
  EXPECT_TRUE(plain.keep_alive());
  EXPECT_FALSE(plain.has_body());
  EXPECT_TRUE(plain.done());
  RequestParser expecting;
  parse(expecting, with("Expect: 100-Continue\r\nContent-Length: 3\r\nConnection: close\r\n"));
  EXPECT_TRUE(expecting.expects_continue());
  EXPECT_FALSE(expecting.keep_alive());
  EXPECT_EQ(expecting.content_length(), 3u);
}

TEST(ResponseHead, CannotBeSplit) {
  api::HttpResponse response;
  response.set("Location", "/a\r\nSet-Cookie: x");
  const std::string head = response_head(response, "id", "date", true);
  EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(ResponseHead, EveryAnswerIsInertInABrowser) {
  const auto count = [](const std::string& head, std::string_view text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = head.find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  api::HttpResponse response = api::text_response(200, "text/html", "<script>");
  std::string head = response_head(response, "id", "date", true);
  EXPECT_EQ(count(head, "\r\nX-Content-Type-Options: nosniff\r\n"), 1);
  EXPECT_EQ(count(head, "\r\nContent-Security-Policy: sandbox; default-src 'none'\r\n"), 1);
  // A page of the server's own brings its own policy.
  response.set("Content-Security-Policy", "default-src 'self'");
  head = response_head(response, "id", "date", true);
  EXPECT_EQ(count(head, "Content-Security-Policy: "), 1);
  EXPECT_EQ(count(head, "sandbox"), 0);
}

TEST(ResponseHead, AnAnswerThatNeverHasABodyHasNoLength) {
  for (const int status : {204, 304}) {
    api::HttpResponse response;
    response.status = status;
    response.head_length = 0;
    const std::string head = response_head(response, "id", "date", true);
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace ecr::server
