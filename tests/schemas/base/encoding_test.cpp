#include "schemas/base/encoding.h"

#include <string>

#include <gtest/gtest.h>

namespace ecr::base {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(Hex, BothWays) {
  EXPECT_EQ(to_hex(as_bytes(std::string_view("\x00\xff\x1a", 3))), "00ff1a");
  EXPECT_EQ(from_hex("00Ff1A"), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(from_hex(""), "");
  EXPECT_EQ(from_hex(to_hex(as_bytes(every_byte()))), every_byte());
  for (const char* text : {"0", "0g", " 00", "0x00", "000"}) EXPECT_FALSE(from_hex(text)) << text;
}

// RFC 4648, section 10.
TEST(Base64, KnownAnswers) {
  struct Case {
    const char* plain;
    const char* padded;
    const char* unpadded;
  };
  for (const auto& [plain, padded, unpadded] :
       {Case{"", "", ""}, Case{"f", "Zg==", "Zg"}, Case{"fo", "Zm8=", "Zm8"},
        Case{"foo", "Zm9v", "Zm9v"}, Case{"foob", "Zm9vYg==", "Zm9vYg"},
        Case{"fooba", "Zm9vYmE=", "Zm9vYmE"}, Case{"foobar", "Zm9vYmFy", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(plain), padded);
    EXPECT_EQ(base64_decode(padded), plain);
    EXPECT_EQ(base64url_encode(plain), unpadded);
    EXPECT_EQ(base64url_decode(unpadded), plain);
  }
}

TEST(Base64, TheAlphabetsDiffer) {
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_FALSE(base64_decode("-__-"));
  EXPECT_FALSE(base64url_decode("+//+"));
}

TEST(Base64, EveryByteSurvives) {
  EXPECT_EQ(base64_decode(base64_encode(every_byte())), every_byte());
  EXPECT_EQ(base64url_decode(base64url_encode(every_byte())), every_byte());
}

TEST(Base64, IsStrict) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n",
                           "Zm 9", "Zh==", "Zm9=", "Zm9v====", "Z=9v"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zm9vY", "Zh", "Zm9"}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

TEST(Percent, EncodesAllButTheUnreserved) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b+c/d%\xC3\xA4"), "a%20b%2Bc%2Fd%25%C3%A4");
  EXPECT_EQ(percent_encode("/a b/", true), "/a%20b/");
}

TEST(Percent, Decodes) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%2f+"), "a b/c/+");
  EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  for (const char* text : {"%", "a%2", "%zz", "%-1", "%%41"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

TEST(Form, KeepsOrderAndDuplicates) {
  EXPECT_EQ(parse_form("b=2&a=1&b=3", false), (Pairs{{"b", "2"}, {"a", "1"}, {"b", "3"}}));
  EXPECT_EQ(parse_form("", false), Pairs{});
  EXPECT_EQ(parse_form("a&b=&=c&&d=e=f&", false),
            (Pairs{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f"}}));
}

TEST(Form, DecodesNamesAndValues) {
  EXPECT_EQ(parse_form("a%3D+b=c%26+d", true), (Pairs{{"a= b", "c& d"}}));
  EXPECT_EQ(parse_form("a+b=c", false), (Pairs{{"a+b", "c"}}));
  EXPECT_FALSE(parse_form("a=1&b=%4", false));
  EXPECT_FALSE(parse_form("%xx=1", false));
}

TEST(Ascii, CaseIsFoldedForLettersOnly) {
  EXPECT_TRUE(equals_ignore_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_FALSE(equals_ignore_case("@", "`"));
  EXPECT_EQ(to_lower("ABC-xyz\xC3\x84"), "abc-xyz\xC3\x84");
}

TEST(Utf8, Accepts) {
  for (const char* text : {"", "abc", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
  EXPECT_TRUE(is_valid_utf8(std::string(1, '\0')));
}

TEST(Utf8, Refuses) {
  for (const char* text :
       {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x82\xAC\xBF"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << text;
  }
}

TEST(Encoding, TheDecodedSizeIsThatOfTheDecodedText) {
  // Every text of up to five characters out of some that make the difference.
  const std::string characters = "AQgw/=-";
  std::vector<std::string> texts = {""};
  for (std::size_t at = 0; at < texts.size(); ++at) {
    if (texts[at].size() == 5) break;
    for (const char c : characters) texts.push_back(texts[at] + c);
  }
  for (const std::size_t size : {10u, 11u, 12u}) {
    texts.push_back(base64_encode(std::string(size, 'x')));
  }
  for (const std::string& text : texts) {
    const auto decoded = base64_decode(text);
    const auto counted = base64_decoded_size(text);
    ASSERT_EQ(decoded.has_value(), counted.has_value()) << text;
    EXPECT_EQ(decoded ? decoded->size() : 0, counted.value_or(0)) << text;
  }
}

}  // namespace
}  // namespace ecr::base
