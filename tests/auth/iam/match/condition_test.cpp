// Rows of the tables of operators, missing keys and set operators: AWS IAM User Guide, "Condition
// operators" and "Single-valued vs. multivalued context keys".
#include "auth/iam/match/condition.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ecr::auth::iam {
namespace {

using Texts = std::vector<std::string>;

bool holds(const char* op, const char* key, const Texts& values, const Context& context,
           bool variables = true) {
  const auto parsed = ConditionOperator::parse(op);
  EXPECT_TRUE(parsed) << op;
  StepBudget budget;
  return parsed && Condition(op, *parsed, key, values, variables).holds(context, budget);
}

struct OperatorCase {
  const char* op;
  const char* actual;
  Texts values;
  bool holds;
};

TEST(IamCondition, Operators) {
  const std::vector<OperatorCase> cases = {
      {"StringEquals", "jane", {"jane"}, true},
      {"StringEquals", "Jane", {"jane"}, false},
      {"StringEquals", "jane", {"ja*"}, false},
      {"StringEquals", "ja*", {"ja*"}, true},
      {"StringEquals", "b", {"a", "b"}, true},
      {"StringEquals", "b", {}, false},
      {"StringNotEquals", "b", {"a", "b"}, false},
      {"StringNotEquals", "c", {"a", "b"}, true},
      {"StringNotEquals", "c", {}, true},
      {"StringEqualsIgnoreCase", "JANE", {"jAne"}, true},
      {"StringNotEqualsIgnoreCase", "JANE", {"jAne"}, false},
      {"StringLike", "jane", {"j?n*"}, true},
      {"StringLike", "Jane", {"j*"}, false},
      {"StringLike", "a:b/c", {"a*c"}, true},
      {"StringNotLike", "jane", {"x*", "j*"}, false},
      {"NumericEquals", "5.0", {"5"}, true},
      {"NumericEquals", "5", {"five"}, false},
      {"NumericNotEquals", "5", {"4"}, true},
      {"NumericLessThan", "4.5", {"5"}, true},
      {"NumericLessThan", "5", {"5"}, false},
      {"NumericLessThanEquals", "5", {"5"}, true},
      {"NumericGreaterThan", "-1", {"-2"}, true},
      {"NumericGreaterThanEquals", "1e3", {"1000"}, true},
      {"NumericGreaterThanEquals", "inf", {"1"}, false},
      {"NumericLessThan", "x", {"5"}, false},
      {"DateEquals", "2026-01-01T00:00:00Z", {"2026-01-01"}, true},
      {"DateEquals", "2026-01-01T00:00:00Z", {"1767225600"}, true},
      {"DateEquals", "1767225600", {"2026-01-01T02:00:00+02:00"}, true},
      {"DateEquals", "2026-01-01T00:00:00Z", {"2026"}, true},
      {"DateEquals", "2026-01-01T00:00:00Z", {"2026-01-0*"}, false},
      {"DateNotEquals", "2026-01-01T00:00:00Z", {"2026-01-02"}, true},
      {"DateLessThan", "2026-01-01T00:00:00Z", {"2026-01-01T00:00:00.5Z"}, true},
      {"DateLessThanEquals", "2026-01-01T00:00:00Z", {"2026-01"}, true},
      {"DateGreaterThan", "2026-06-01T00:00:00Z", {"2026-01-01"}, true},
      {"DateGreaterThanEquals", "2026-01-01T00:00:00Z", {"2027"}, false},
      {"Bool", "true", {"TRUE"}, true},
      {"Bool", "False", {"true"}, false},
      {"Bool", "yes", {"yes"}, false},
      {"BinaryEquals", "AQID", {"AQID"}, true},
      {"BinaryEquals", "AQID", {"AQI="}, false},
      {"BinaryEquals", "not base64", {"not base64"}, false},
      {"IpAddress", "10.0.0.1", {"10.0.0.0/8"}, true},
      {"IpAddress", "10.0.0.1", {"10.0.0.1"}, true},
      {"IpAddress", "10.0.0.2", {"10.0.0.1"}, false},
      {"IpAddress", "10.0.3.255", {"10.0.0.9/22"}, true},
      {"IpAddress", "10.0.4.0", {"10.0.0.0/22"}, false},
      {"IpAddress", "2001:db8:1::5", {"2001:db8::/32"}, true},
      {"IpAddress", "2001:DB8::1", {"2001:db8:0::1"}, true},
      {"IpAddress", "::ffff:10.0.0.1", {"10.0.0.0/8"}, false},
      {"IpAddress", "10.0.0.1", {"::/0"}, false},
      {"IpAddress", "10.0.0.1", {"10.0.0.0/33"}, false},
      {"IpAddress", "nowhere", {"0.0.0.0/0"}, false},
      {"NotIpAddress", "10.0.0.1", {"11.0.0.0/8", "2001:db8::/32"}, true},
      {"NotIpAddress", "10.0.0.1", {"10.0.0.0/8"}, false},
      {"ArnEquals", "arn:aws:iam::1:user/a", {"arn:aws:iam::*:user/*"}, true},
      {"ArnLike", "arn:aws:iam::1:user/a", {"arn:aws:iam::1:user/A"}, false},
      {"ArnLike", "arn:aws:iam::1:user/a", {"arn:aws:*"}, false},
      {"StringLike", "arn:aws:iam::1:user/a", {"arn:aws:*"}, true},
      {"ArnNotEquals", "arn:aws:iam::1:user/a", {"arn:aws:iam::*:role/*"}, true},
      {"ArnNotLike", "arn:aws:iam::1:user/a", {"arn:aws:iam::*:user/*"}, false},
  };
  for (const OperatorCase& c : cases) {
    EXPECT_EQ(holds(c.op, "k:key", c.values, {{"k:key", c.actual}}), c.holds)
        << c.op << " on " << c.actual;
  }
}

TEST(IamCondition, KeyNamesHaveNoCase) {
  EXPECT_TRUE(holds("StringEquals", "AWS:requesttag/TEAM", {"x"}, {{"aws:RequestTag/team", "x"}}));
}

TEST(IamCondition, MissingKey) {
  const struct {
    const char* op;
    bool holds;
  } cases[] = {
      {"StringEquals", false},
      {"StringNotEquals", true},
      {"StringNotEqualsIgnoreCase", true},
      {"StringNotLike", true},
      {"NumericNotEquals", true},
      {"NumericLessThan", false},
      {"DateNotEquals", true},
      {"DateGreaterThan", false},
      {"Bool", false},
      {"BinaryEquals", false},
      {"IpAddress", false},
      {"NotIpAddress", true},
      {"ArnLike", false},
      {"ArnNotLike", true},
      {"StringEqualsIfExists", true},
      {"StringNotEqualsIfExists", true},
      {"IpAddressIfExists", true},
      {"ForAnyValue:StringEquals", false},
      {"ForAnyValue:StringNotEquals", false},
      {"ForAllValues:StringEquals", true},
      {"ForAllValues:StringNotEquals", true},
      {"ForAnyValue:StringEqualsIfExists", true},
  };
  for (const auto& c : cases) EXPECT_EQ(holds(c.op, "k:key", {"1"}, {}), c.holds) << c.op;
}

TEST(IamCondition, NullAsksForAbsence) {
  Context present{{"k:key", ""}};
  Context empty_set;
  empty_set.set_multi("k:key", {});
  EXPECT_TRUE(holds("Null", "k:key", {"true"}, {}));
  EXPECT_FALSE(holds("Null", "k:key", {"false"}, {}));
  EXPECT_FALSE(holds("Null", "k:key", {"true"}, present));
  EXPECT_TRUE(holds("Null", "k:key", {"False"}, present));
  EXPECT_TRUE(holds("Null", "k:key", {"true"}, empty_set));
  EXPECT_TRUE(holds("Null", "k:key", {"true", "false"}, present));
  EXPECT_FALSE(ConditionOperator::parse("NullIfExists"));
}

struct SetCase {
  const char* op;
  Texts actual;
  Texts values;
  bool holds;
};

TEST(IamCondition, SetOperators) {
  const std::vector<SetCase> cases = {
      {"ForAllValues:StringEquals", {"a", "b"}, {"a", "b", "c"}, true},
      {"ForAllValues:StringEquals", {"a", "x"}, {"a", "b", "c"}, false},
      {"ForAnyValue:StringEquals", {"a", "x"}, {"a", "b"}, true},
      {"ForAnyValue:StringEquals", {"x", "y"}, {"a", "b"}, false},
      {"ForAllValues:StringLike", {"ab", "ac"}, {"a*"}, true},
      // With a negated operator its predicate is applied to every value of the request.
      {"ForAllValues:StringNotEquals", {"x", "y"}, {"a", "b"}, true},
      {"ForAllValues:StringNotEquals", {"x", "a"}, {"a", "b"}, false},
      {"ForAnyValue:StringNotEquals", {"x", "a"}, {"a", "b"}, true},
      {"ForAnyValue:StringNotEquals", {"a", "b"}, {"a", "b"}, false},
      // No value, and the one empty value, are a null data set.
      {"ForAllValues:StringEquals", {}, {"a"}, true},
      {"ForAllValues:StringEquals", {""}, {"a"}, true},
      {"ForAnyValue:StringEquals", {}, {"a"}, false},
      {"ForAnyValue:StringEquals", {""}, {""}, false},
      {"ForAnyValue:StringEquals", {"", "a"}, {""}, true},
      // Without a set operator a multivalued key matches nothing.
      {"StringEquals", {"a"}, {"a"}, false},
      {"StringNotEquals", {"x"}, {"a"}, false},
      {"StringEqualsIfExists", {"a"}, {"a"}, false},
  };
  for (const SetCase& c : cases) {
    Context context;
    context.set_multi("aws:TagKeys", c.actual);
    EXPECT_EQ(holds(c.op, "aws:TagKeys", c.values, context), c.holds)
        << c.op << " on " << c.actual.size() << " values";
  }
}

TEST(IamCondition, SingleValueUnderASetOperatorIsAListOfOne) {
  EXPECT_TRUE(holds("ForAllValues:StringEquals", "k:key", {"a"}, {{"k:key", "a"}}));
  EXPECT_FALSE(holds("ForAllValues:StringEquals", "k:key", {"a"}, {{"k:key", "b"}}));
  EXPECT_TRUE(holds("ForAnyValue:StringEquals", "k:key", {"a"}, {{"k:key", "a"}}));
}

TEST(IamCondition, UnknownOperators) {
  for (const char* op : {"stringEquals", "StringEqual", "ForAllValues:", "ForSome:StringEquals",
                         "StringEqualsIfExistsIfExists", "BoolNot", ""}) {
    EXPECT_FALSE(ConditionOperator::parse(op)) << op;
  }
}

struct VariableCase {
  const char* op;
  const char* value;
  const char* actual;
  bool holds;
};

TEST(IamCondition, Variables) {
  Context base{{"aws:username", "jane"}, {"aws:PrincipalTag/team", "a*"}};
  base.set_multi("aws:TagKeys", {"jane"});
  const VariableCase cases[] = {
      {"StringEquals", "${aws:username}", "jane", true},
      {"StringEquals", "${AWS:UserName}", "jane", true},
      {"StringEquals", "x-${aws:username}-y", "x-jane-y", true},
      {"StringEquals", "${aws:username}", "${aws:username}", false},
      {"StringEquals", "${aws:missing, 'none'}", "none", true},
      {"StringEquals", "${aws:username, 'none'}", "jane", true},
      {"StringEquals", "${aws:missing, '}'}", "}", true},
      {"StringEquals", "${aws:missing}", "", false},
      {"StringNotEquals", "${aws:missing}", "x", true},  // no value equals nothing
      {"ArnLike", "${aws:missing}", "x", false},
      {"ArnNotLike", "${aws:missing}", "x", true},
      {"StringEquals", "${aws:TagKeys}", "jane", false},  // multivalued
      {"StringEquals", "${*}${?}${$}", "*?$", true},
      {"StringLike", "${*}", "x", false},
      {"StringLike", "${*}*", "*x", true},
      {"StringLike", "${aws:PrincipalTag/team}", "abc", false},  // what is put in is literal
      {"StringLike", "${aws:PrincipalTag/team}?", "a*b", true},
      {"StringEquals", "${unclosed", "${unclosed", true},
      {"ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/jane", true},
      {"NumericEquals", "${aws:username}", "5", false},  // not for these operators
  };
  for (const VariableCase& c : cases) {
    Context context = base;
    context.set("k:key", c.actual);
    EXPECT_EQ(holds(c.op, "k:key", {c.value}, context), c.holds) << c.op << " " << c.value;
  }
}

TEST(IamCondition, ArnVariableMayHoldAWholeArn) {
  Context context{{"aws:PrincipalArn", "arn:aws:iam::1:user/a*"},
                  {"k:key", "arn:aws:iam::1:user/a*"}};
  EXPECT_TRUE(holds("ArnEquals", "k:key", {"${aws:PrincipalArn}"}, context));
  context.set("k:key", "arn:aws:iam::1:user/abc");
  EXPECT_FALSE(holds("ArnEquals", "k:key", {"${aws:PrincipalArn}"}, context));
}

TEST(IamCondition, BoolTakesVariables) {
  EXPECT_TRUE(holds("Bool", "k:key", {"${k:other}"}, {{"k:key", "true"}, {"k:other", "TRUE"}}));
}

TEST(IamCondition, OldVersionTakesVariablesLiterally) {
  EXPECT_TRUE(holds("StringEquals", "k:key", {"${aws:username}"},
                    {{"k:key", "${aws:username}"}, {"aws:username", "jane"}}, false));
}

TEST(IamContext, SetReplacesAndEraseRemoves) {
  Context context{{"aws:A", "1"}};
  context.set("AWS:a", "2");
  ASSERT_EQ(context.values().size(), 1u);
  EXPECT_EQ(context.find("aws:A")->values, Texts{"2"});
  EXPECT_EQ(context.find_lower("aws:a")->name, "AWS:a");
  context.set_multi("aws:a", {"x", "y"});
  EXPECT_TRUE(context.find("aws:a")->multivalued);
  context.set("aws:0", "z");
  EXPECT_EQ(context.values()[0].key, "aws:0");
  context.erase("Aws:A");
  EXPECT_EQ(context.find("aws:a"), nullptr);
}

}  // namespace
}  // namespace ecr::auth::iam
