// Placeholders of role templates.
#include "api/core/template_parameters.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace ecr::api {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ParameterValues kValues = {
    {"Name", {"app"}}, {"Arns", {"arn:a", "arn:b"}}, {"One", {"x"}}, {"Quote", {R"(","b":")"}}};

std::string filled(const char* json) {
  TemplateFiller filler(kValues);
  return base::dump(filler.json(base::parse_ordered_json(json).value()));
}

TEST(TemplateParameters, PlaceholdersHaveANameAndAnEnd) {
  EXPECT_THAT(placeholders("role-@{Name}-@{One}").value(), ElementsAre("Name", "One"));
  EXPECT_THAT(placeholders("a@b.example ${aws:username} {Name}").value(), IsEmpty());
  EXPECT_FALSE(placeholders("@{Name").has_value());
  EXPECT_FALSE(placeholders("@{}").has_value());
  EXPECT_TRUE(is_placeholder("@{Name}"));
  EXPECT_FALSE(is_placeholder("@{Name}@{One}"));
  EXPECT_FALSE(is_placeholder("@{Name} "));
}

TEST(TemplateParameters, ValuesHaveTheTypeOfTheirParameter) {
  const std::tuple<const char*, const char*, bool> kCases[] = {
      {"String", "", true},         {"StringList", "anything", true},
      {"Number", "12", true},       {"Number", "-1.5", true},
      {"NumberList", "1e3", false}, {"Number", "", false},
      {"Number", "1.", false},      {"Number", ".5", false},
      {"Number", "1,5", false},     {"Arn", "arn:aws:s3:::b", true},
      {"ArnList", "b", false},
  };
  for (const auto& [type, value, fits] : kCases) {
    EXPECT_EQ(fits_parameter_type(type, value), fits) << type << " " << value;
  }
  EXPECT_THAT(default_parameter_values("StringList", "a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(default_parameter_values("String", "a,b"), ElementsAre("a,b"));
}

TEST(TemplateParameters, FillsKeysStringsAndLists) {
  TemplateFiller filler(kValues);
  EXPECT_EQ(filler.text("/team/@{Name}/@{One}/"), "/team/app/x/");
  EXPECT_EQ(filled(R"({"z":1,"@{Name}":["a-@{One}","@{Arns}","end"],"all":"@{Arns}"})"),
            R"({"z":1,"app":["a-x","arn:a","arn:b","end"],"all":["arn:a","arn:b"]})");
  EXPECT_EQ(filled(R"(["@{One}"])"), R"(["x"])");
}

TEST(TemplateParameters, AValueAddsNothingToADocument) {
  EXPECT_EQ(filled(R"({"a":"@{Quote}"})"), R"({"a":"\",\"b\":\""})");
  // What reads policies refuses this one: a condition that is lost would let more people in.
  EXPECT_EQ(filled(R"({"@{One}":1,"x":2})"), R"({"x":1,"x":2})");
}

TEST(TemplateParameters, TheResultHasALimit) {
  const ParameterValues values = {{"Big", {std::string(1000, 'x')}}};
  TemplateFiller filler(values);
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "@{Big}";
  EXPECT_LE(filler.text(pattern).size(), kMostFilledSize);
  EXPECT_TRUE(filler.overflowed());
}

}  // namespace
}  // namespace ecr::api
