#include "api/core/wire/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api {
namespace {

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

}  // namespace
}  // namespace ecr::api
