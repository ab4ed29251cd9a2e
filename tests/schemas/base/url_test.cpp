// URLs of other servers, and which addresses are public.
#include "schemas/base/url.h"

#include <arpa/inet.h>

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

bool is_public(const char* text) {
  std::uint8_t bytes[16];
  if (inet_pton(AF_INET, text, bytes) == 1) return is_public_address({bytes, 4});
  EXPECT_EQ(inet_pton(AF_INET6, text, bytes), 1) << text;
  return is_public_address({bytes, 16});
}

TEST(AddressGuard, LetsPublicAddressesThrough) {
  for (const char* address :
       {"1.1.1.1",          "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "52.94.1.1",        "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
        "128.0.0.1",        "169.253.255.255", "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",       "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1",
        "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(address)) << address;
  }
}

TEST(AddressGuard, RefusesEverythingElse) {
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "169.254.170.2",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.0.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "::ffff:10.0.0.1",
                              "::ffff:8.8.8.8",
                              "::127.0.0.1",
                              "64:ff9b::7f00:1",
                              "64:ff9b::a9fe:a9fe",
                              "64:ff9b:1::1",
                              "100::1",
                              "2001::1",
                              "2001:10::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "2002:a9fe:a9fe::1",
                              "2002:c0a8:1::1",
                              "3fff::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "5f00::1"}) {
    EXPECT_FALSE(is_public(address)) << address;
  }
  EXPECT_FALSE(is_public_address({}));
}

TEST(Urls, AreReadAndWritten) {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* again;
  } kCases[] = {
      {"https://Registry.example.com", "registry.example.com", 443,
       "https://registry.example.com/"},
      {"http://127.0.0.1:5000/prefix/", "127.0.0.1", 5000, "http://127.0.0.1:5000/prefix/"},
      {"http://[::1]:80/a?b=c#d", "::1", 80, "http://[::1]/a?b=c"},
      {"https://h:443?x", "h", 443, "https://h/?x"},
  };
  for (const auto& test : kCases) {
    const auto url = parse_url(test.text);
    ASSERT_TRUE(url) << test.text;
    EXPECT_EQ(url->host, test.host);
    EXPECT_EQ(url->port, test.port);
    EXPECT_EQ(url->text(), test.again);
  }
  for (const char* bad :
       {"", "registry", "ftp://h/", "http://", "http:///x", "http://u@h/", "http://u:p@h/",
        "http://h:0/", "http://h:70000/", "http://h:x/", "http://h/a b", "http://h/\r\nX: y",
        "http://h\x01/", "http://[::1/", "http://[g]/", "http://[::1]x/", "file:///etc/passwd",
        "http://h\\x/", "http://h%00/"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Urls, LocationsMayBeRelative) {
  const Url from = *parse_url("https://h:8443/v2/app/blobs/x?y");
  EXPECT_EQ(resolve_location(from, "/other?z=1")->text(), "https://h:8443/other?z=1");
  EXPECT_EQ(resolve_location(from, "there")->text(), "https://h:8443/v2/app/blobs/there");
  EXPECT_EQ(resolve_location(from, "//cdn/x")->text(), "https://cdn/x");
  EXPECT_EQ(resolve_location(from, "http://cdn/x")->text(), "http://cdn/x");
  EXPECT_FALSE(resolve_location(from, "gopher://h/x"));
  EXPECT_FALSE(resolve_location(from, "/x\r\nHost: y"));
}

}  // namespace
}  // namespace ecr::base
