// Small pure parts: errors, host names, pages and their tokens, tag lists, the Query protocol.
#include "api/core/registry_host.h"
#include "api/core/wire/error.h"
#include "api/core/wire/json_text.h"
#include "api/core/wire/page_token.h"
#include "api/core/wire/query_protocol.h"
#include "api/core/wire/tag_list.h"
#include "schemas/base/json.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

TEST(ApiErrors, EveryCodeHasARow) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kNotFound); ++code) {
    const ErrorNames& names = names_of(static_cast<ErrorCode>(code));
    EXPECT_FALSE(names.json_type.empty());
    EXPECT_FALSE(names.oci_code.empty());
    EXPECT_GE(names.json_status, 400);
  }
}

TEST(RegistryHost, WhatRepositoryUriSays) {
  Settings settings;
  const auto host = [&](const char* used, const char* account, bool own) {
    return registry_host(settings, used, {account, "us-east-1"}, own);
  };
  EXPECT_EQ(host("localhost:4599", "1", true), "localhost:4599");
  EXPECT_EQ(host("[::1]:4599", "1", true), "[::1]:4599");
  EXPECT_EQ(host("localhost:4599", "2", false), "2.dkr.ecr.us-east-1.localhost:4599");
  EXPECT_EQ(host("api.ecr.us-east-1.amazonaws.com", "2", true),
            "2.dkr.ecr.us-east-1.amazonaws.com");
  EXPECT_EQ(host("123456789012.dkr.ecr.eu-west-1.corp.test:80", "2", true),
            "2.dkr.ecr.us-east-1.corp.test:80");
  // Only names that AWS serves.
  EXPECT_EQ(host("ecr.us-east-1.amazonaws.com:443", "1", true),
            "1.dkr.ecr.us-east-1.amazonaws.com:443");
  EXPECT_EQ(host("ecr.us-east-1.api.aws", "1", true), "1.dkr-ecr.us-east-1.on.aws");
  EXPECT_EQ(host("ecr-fips.us-east-1.amazonaws.com", "1", false),
            "1.dkr.ecr-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(host("123456789012.dkr-ecr.us-east-1.on.aws", "2", true), "2.dkr-ecr.us-east-1.on.aws");
  EXPECT_EQ(host("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "2", true),
            "2.dkr.ecr-fips.us-east-1.amazonaws.com");
  settings.registry_host = "{account}.dkr.ecr.{region}.localhost:{port}";
  EXPECT_EQ(host("localhost:4599", "1", true), "1.dkr.ecr.us-east-1.localhost:4599");
}

TEST(PageToken, IsBoundToKeyAndListing) {
  const PageKey key{1};
  const PageKey other{2};
  const std::string token = make_page_token(key, "listing", {"a", ""});
  EXPECT_EQ(read_page_token(key, "listing", token), (std::vector<std::string>{"a", ""}));
  EXPECT_FALSE(read_page_token(other, "listing", token));
  EXPECT_FALSE(read_page_token(key, "another", token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_page_token(key, "listing", damaged)) << i;
  }
}

TEST(Page, ShowsItsSizeAndKnowsOfTheNext) {
  const PageKey key{1};
  const auto position_of = [](const std::string& name) { return name; };
  Page page(key, "listing", 2);
  EXPECT_EQ(page.after(), "");
  EXPECT_EQ(page.after_number(7), 7);
  EXPECT_EQ(page.query_limit(), 3);
  std::vector<std::string> names = {"a", "b", "c"};
  const auto token = page.cut(names, position_of);
  ASSERT_TRUE(token);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(page.cut(names, position_of));
  Page other(key, "another", 2);
  EXPECT_FALSE(other.resume(*token));
  EXPECT_FALSE(page.resume("x"));
  ASSERT_TRUE(page.resume(*token));
  EXPECT_EQ(page.after(), "b");
  ASSERT_TRUE(page.resume(page.token_after(PagePosition{"b", "v1"})));
  EXPECT_EQ(page.after(1), "v1");
  ASSERT_TRUE(page.resume(page.token_after(std::int64_t{42})));
  EXPECT_EQ(page.after_number(), 42);
}

TEST(Page, OfNoElementsHasNoNext) {
  const PageKey key{1};
  const Page page(key, "listing", 0);
  std::vector<int> numbers = {1};
  EXPECT_FALSE(page.trim(numbers));
  EXPECT_TRUE(numbers.empty());
}

TEST(Page, OfAListThatBecameShorterIsEmpty) {
  const PageKey key{1};
  Page page(key, "listing", 2);
  EXPECT_EQ(page.slice(3).end, 2u);
  ASSERT_TRUE(page.resume(page.token_after(std::int64_t{2})));
  EXPECT_EQ(page.slice(3).begin, 2u);
  EXPECT_EQ(page.slice(3).end, 3u);
  EXPECT_EQ(page.slice(1).begin, 1u);
  EXPECT_EQ(page.slice(1).end, 1u);
}

TEST(TagList, KeysAreUniqueAndNotReserved) {
  const auto duplicate = [] { return ApiError(ErrorCode::kInvalidInput, "duplicate"); };
  const auto reserved = [] { return ApiError(ErrorCode::kInvalidInput, "reserved"); };
  const auto verdict = [&](const storage::Tags& tags, TagKeyCase key_case) -> std::string {
    try {
      check_tags(tags, {key_case, duplicate, reserved, key_case});
    } catch (const ApiError& error) {
      return error.message();
    }
    return "good";
  };
  EXPECT_EQ(verdict({{"a", "1"}, {"A", "1"}}, TagKeyCase::kSensitive), "good");
  EXPECT_EQ(verdict({{"a", "1"}, {"A", "1"}}, TagKeyCase::kIgnored), "duplicate");
  EXPECT_EQ(verdict({{"a", "1"}, {"a", "2"}}, TagKeyCase::kSensitive), "duplicate");
  EXPECT_EQ(verdict({{"aws:x", "1"}}, TagKeyCase::kSensitive), "reserved");
  EXPECT_EQ(verdict({{"AWS:x", "1"}}, TagKeyCase::kSensitive), "good");
  EXPECT_EQ(verdict({{"AWS:x", "1"}}, TagKeyCase::kIgnored), "reserved");
  EXPECT_EQ(verdict({{"aw", "1"}, {"awsx", ""}}, TagKeyCase::kIgnored), "good");
}

TEST(JsonText, StringsAreWrittenAsATreeWritesThem) {
  for (const std::string& text :
       {std::string(), std::string("plain / text ~\x7f"), std::string("quote \" and \\ back"),
        std::string("control \x01\n\t and \0 nul", 21), std::string("snowman \xe2\x98\x83"),
        std::string("bad \xff\xc3 bytes")}) {
    std::string out;
    append_json_string(out, text);
    EXPECT_EQ(out, base::dump(base::Json(text)));
  }
}

TEST(JsonText, ObjectHasItsMembersInOrder) {
  std::string out = "x";
  JsonObjectText object(out);
  object.text("b", "1\"");
  object.flag("a", false);
  object.raw("c", "[1]");
  object.name("d");
  JsonObjectText inner(out);
  inner.end();
  object.end();
  EXPECT_EQ(out, R"(x{"b":"1\"","a":false,"c":[1],"d":{}})");
}

TEST(QueryProtocol, DecodesByTheShape) {
  const auto* shape = model::ServiceModel::sts().find("AssumeRole")->input;
  EXPECT_EQ(decode_query({{"RoleArn", "arn"},
                          {"DurationSeconds", "900"},
                          {"Tags.member.2.Key", "b"},
                          {"Tags.member.2.Value", "2"},
                          {"Tags.member.1.Key", "a"},
                          {"Tags.member.1.Value", "1"},
                          {"Unknown", "x"}},
                         *shape),
            Json({{"RoleArn", "arn"},
                  {"DurationSeconds", 900},
                  {"Tags", {{{"Key", "a"}, {"Value", "1"}}, {{"Key", "b"}, {"Value", "2"}}}}}));
  EXPECT_THROW(decode_query({{"DurationSeconds", "soon"}}, *shape), ApiError);
  EXPECT_THROW(decode_query({{"Tags.member.x.Key", "a"}}, *shape), ApiError);
  EXPECT_THROW(decode_query({{"RoleArn", "a"}, {"RoleArn", "b"}}, *shape), ApiError);
  EXPECT_THROW(decode_query({{"RoleArn", "\xFF"}}, *shape), ApiError);  // not UTF-8
  EXPECT_THROW(decode_query({{"\xC3", "a"}}, *shape), ApiError);
}

TEST(QueryProtocol, EncodesByTheShape) {
  const auto& sts = model::ServiceModel::sts();
  EXPECT_EQ(encode_query_result({{"Account", "1"}, {"Arn", "a<b>&\"'"}, {"UserId", "u"}},
                                *sts.find("GetCallerIdentity"), "ns", "id"),
            "<GetCallerIdentityResponse xmlns=\"ns\"><GetCallerIdentityResult><UserId>u</UserId>"
            "<Account>1</Account><Arn>a&lt;b&gt;&amp;&quot;&apos;</Arn></GetCallerIdentityResult>"
            "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>");
}

TEST(QueryProtocol, OnlyWhatTheShapeHasIsDecoded) {
  const auto* model = model::ServiceModel::iam().find("CreateUser");
  FormParameters form = {{"Action", "CreateUser"},        {"UserName", "jane"},
                         {"UserName.x", "ignored"},       {"Tags.member.1.Key", "k"},
                         {"Tags.member.1.Value", "v"},    {"Tags.member.1.Other", "ignored"},
                         {"Tags.other.1.Key", "ignored"}, {"a.b.c.d", "ignored"}};
  for (int i = 0; i < 100; ++i) form.emplace_back("a" + std::string(2 * 16, '.'), "ignored");
  EXPECT_EQ(decode_query(form, *model->input),
            Json::parse(R"({"UserName":"jane","Tags":[{"Key":"k","Value":"v"}]})"));
  form = {{"UserName", "a"}, {"UserName", "b"}};
  EXPECT_THROW(decode_query(form, *model->input), ApiError);
  form = {{"Tags.member.x.Key", "k"}};
  EXPECT_THROW(decode_query(form, *model->input), ApiError);
}

TEST(QueryProtocol, XmlIsValidWhateverTheText) {
  EXPECT_EQ(xml_escape("<a b=\"'&\x01\t"), "&lt;a b=&quot;&apos;&amp;\t");
  EXPECT_EQ(xml_escape("a\xff\xc3"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("\xEF\xBF\xBE\xEF\xBF\xBF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_escape("\xC3\xA9\xF0\x9F\x90\xB3"), "\xC3\xA9\xF0\x9F\x90\xB3");
}

}  // namespace
}  // namespace ecr::api::test
