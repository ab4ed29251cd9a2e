#include "schemas/model/validator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::model {
namespace {

using Kind = Violation::Kind;

constexpr std::string_view kModel = R"({
  "metadata": {}, "operations": {}, "shapes": {
    "Root": {"type": "structure", "required": ["name", "when"], "members": {
      "name": {"shape": "Name"}, "count": {"shape": "Count"}, "size": {"shape": "Size"},
      "ratio": {"shape": "Ratio"}, "on": {"shape": "Flag"}, "bytes": {"shape": "Bytes"},
      "when": {"shape": "When"}, "names": {"shape": "Names"}, "counts": {"shape": "Counts"},
      "children": {"shape": "Children"}, "tags": {"shape": "Tags"}, "kind": {"shape": "Kind"},
      "secret": {"shape": "Secret"}}},
    "Name": {"type": "string", "min": 2, "max": 4, "pattern": "[a-z]+"},
    "Count": {"type": "integer", "min": 1, "max": 1000},
    "Size": {"type": "long"}, "Ratio": {"type": "double", "min": 0, "max": 1},
    "Flag": {"type": "boolean"}, "Bytes": {"type": "blob", "min": 1, "max": 3},
    "When": {"type": "timestamp"}, "Kind": {"type": "string", "enum": ["A", "B"]},
    "Secret": {"type": "string", "max": 3, "sensitive": true},
    "Names": {"type": "list", "member": {"shape": "Name"}, "min": 1, "max": 3},
    "Counts": {"type": "list", "member": {"shape": "Count"}},
    "Children": {"type": "list", "member": {"shape": "Root"}},
    "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}, "max": 1}}})";

const Shape& root() {
  static const auto model = ServiceModel::load(kModel);
  return *model->shape("Root");
}

std::string name_of(Kind kind) {
  constexpr const char* kNames[] = {"WrongType", "Missing",  "TooShort", "TooLong",
                                    "TooSmall",  "TooLarge", "Pattern",  "Enum"};
  return kNames[static_cast<int>(kind)];
}

// "Kind path;Kind path"
std::string summary(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    if (!text.empty()) text += ';';
    text += name_of(violation.kind) + ' ' + violation.path;
  }
  return text;
}

// The violations of a document that is valid but for `members`.
std::vector<Violation> with(const char* members) {
  base::Json document = *base::parse_json(R"({"name": "ab", "when": 1})");
  document.update(*base::parse_json(members));
  return validate(document, root());
}

TEST(Validate, AcceptsWhatTheModelAllows) {
  for (const char* members :
       {"{}", R"({"count": 1})", R"({"count": 1000})", R"({"count": 5.0})", R"({"count": 1e2})",
        R"({"size": -9223372036854775808})", R"({"ratio": 0.5})", R"({"ratio": 1})",
        R"({"on": false})", R"({"bytes": "AAEC"})", R"({"when": 1448875853.241})",
        R"({"names": ["ab", "cd", "efgh"]})", R"({"tags": {"ab": "cd"}})", R"({"kind": "B"})",
        R"({"unknown": {"deep": []}})", R"({"count": null, "names": null})",
        R"({"children": [{"name": "ab", "when": 0}]})"}) {
    EXPECT_EQ(summary(with(members)), "") << members;
  }
}

TEST(Validate, FindsEachViolation) {
  struct ValidationCase {
    const char* members;
    const char* expected;
  };
  for (const auto& [members, expected] :
       {ValidationCase{R"({"name": null})", "Missing name"},
        ValidationCase{R"({"name": "a"})", "TooShort name"},
        ValidationCase{R"({"name": "abcde"})", "TooLong name"},
        ValidationCase{R"({"name": "AB"})", "Pattern name"},
        ValidationCase{R"({"name": "A"})", "TooShort name;Pattern name"},
        ValidationCase{R"({"name": ""})", "TooShort name;Pattern name"},
        ValidationCase{R"({"count": 0})", "TooSmall count"},
        ValidationCase{R"({"count": 1001})", "TooLarge count"},
        ValidationCase{R"({"ratio": 1.5})", "TooLarge ratio"},
        ValidationCase{R"({"ratio": -1})", "TooSmall ratio"},
        ValidationCase{R"({"bytes": ""})", "TooShort bytes"},
        ValidationCase{R"({"bytes": "AAECAw=="})", "TooLong bytes"},
        ValidationCase{R"({"kind": "C"})", "Enum kind"},
        ValidationCase{R"({"names": []})", "TooShort names"},
        ValidationCase{R"({"names": ["ab", "ab", "ab", "ab"]})", "TooLong names"},
        ValidationCase{R"({"names": ["ab", null]})", "Missing names.2.member"},
        ValidationCase{R"({"tags": {"ab": "cd", "ef": "gh"}})", "TooLong tags"},
        ValidationCase{R"({"tags": {"ab": "c"}})", "TooShort tags.ab"},
        ValidationCase{R"({"tags": {"ab": null}})", "Missing tags.ab"},
        ValidationCase{R"({"children": [{"name": "ab", "when": 1}, {"when": 1}]})",
                       "Missing children.2.member.name"},
        ValidationCase{R"({"children": [null]})", "Missing children.1.member"}}) {
    EXPECT_EQ(summary(with(members)), expected) << members;
  }
}

TEST(Validate, TellsWrongTypes) {
  struct ValidationCase {
    const char* members;
    const char* path;
    const char* expected;
  };
  for (const auto& [members, path, expected] :
       {ValidationCase{R"({"name": 1})", "name", "String"},
        ValidationCase{R"({"name": true})", "name", "String"},
        ValidationCase{R"({"name": ["ab"]})", "name", "String"},
        ValidationCase{R"({"count": "1"})", "count", "Integer"},
        ValidationCase{R"({"count": 1.5})", "count", "Integer"},
        ValidationCase{R"({"count": 2147483648})", "count", "Integer"},
        ValidationCase{R"({"size": 9223372036854775808})", "size", "Long"},
        ValidationCase{R"({"size": 1e30})", "size", "Long"},
        ValidationCase{R"({"ratio": "1"})", "ratio", "Double"},
        ValidationCase{R"({"on": "true"})", "on", "Boolean"},
        ValidationCase{R"({"on": 1})", "on", "Boolean"},
        ValidationCase{R"({"bytes": "?"})", "bytes", "Blob"},
        ValidationCase{R"({"bytes": [1]})", "bytes", "Blob"},
        ValidationCase{R"({"when": "2015-08-30"})", "when", "Timestamp"},
        ValidationCase{R"({"names": "ab"})", "names", "List"},
        ValidationCase{R"({"names": {}})", "names", "List"},
        ValidationCase{R"({"names": ["ab", 1]})", "names.2.member", "String"},
        ValidationCase{R"({"tags": []})", "tags", "Map"},
        ValidationCase{R"({"children": ["x"]})", "children.1.member", "Structure"}}) {
    const auto violations = with(members);
    ASSERT_EQ(violations.size(), 1u) << members;
    EXPECT_EQ(violations[0].kind, Kind::kWrongType) << members;
    EXPECT_EQ(violations[0].path, path) << members;
    EXPECT_EQ(violations[0].expected, expected) << members;
  }
}

TEST(Validate, TheDocumentItselfMustBeAStructure) {
  for (const char* text : {"null", "[]", "1", "\"x\""}) {
    const auto violations = validate(*base::parse_json(text), root());
    ASSERT_EQ(violations.size(), 1u);
    EXPECT_EQ(violations[0].kind, Kind::kWrongType);
    EXPECT_EQ(violations[0].path, "");
  }
}

TEST(Validate, ReportsInTheOrderOfTheModel) {
  EXPECT_EQ(summary(validate(*base::parse_json(R"({"kind": "x", "count": 0})"), root())),
            "Missing name;TooSmall count;Missing when;Enum kind");
}

TEST(Validate, PathsHaveSmallFirstLetters) {
  const Shape& tag = *ServiceModel::ecr().shape("Tag");
  EXPECT_EQ(summary(validate(*base::parse_json("{}"), tag)), "Missing key;Missing value");
}

TEST(Validate, CountsCodePoints) {
  EXPECT_EQ(summary(with("{\"name\": \"\xF0\x9F\x98\x80\xC3\xA4\xC3\xA4\xC3\xA4\"}")),
            "Pattern name");
}

TEST(Validate, AListReportsItsScalarElementsOnceAndAsItself) {
  const auto violations = with(R"({"names": ["ab", "A", "B"], "counts": [0, 2000]})");
  EXPECT_EQ(summary(violations), "TooShort names;TooSmall counts");
  EXPECT_TRUE(violations[0].in_list);
  EXPECT_EQ(violations[0].shape->name, "Name");
  EXPECT_EQ(violations[0].value, "A");
  EXPECT_FALSE(with(R"({"names": []})")[0].in_list);
}

TEST(Validate, ValuesAreEchoedUnlessSensitive) {
  EXPECT_EQ(with(R"({"name": "AB"})")[0].value, "AB");
  EXPECT_EQ(with(R"({"count": 0})")[0].value, "0");
  EXPECT_EQ(with(R"({"count": true})")[0].value, "true");
  EXPECT_EQ(with(R"({"name": null})")[0].value, "");
  EXPECT_EQ(with(R"({"secret": "hush"})")[0].value, "");
  EXPECT_EQ(with(R"({"secret": 1234})")[0].value, "");
  EXPECT_EQ(with(R"({"name": {"secret": "x"}})")[0].value, "");
}

TEST(ValidateOutput, UnknownMembersAreViolations) {
  const base::Json document = *base::parse_json(
      R"({"name": "ab", "when": 1, "x": 1, "children": [{"name": "ab", "when": 1, "y": 2}]})");
  EXPECT_EQ(summary(validate(document, root())), "");
  const auto violations = validate_output(document, root());
  EXPECT_EQ(summary(violations), "WrongType children.1.member.y;WrongType x");
  EXPECT_EQ(violations[0].expected, "no such member");
}

}  // namespace
}  // namespace ecr::model
