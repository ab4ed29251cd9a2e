// Every constraint of the API model, on every operation that is there: an input that is valid in
// all its members, with one thing wrong at a time. Both are made from the model.

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/validator.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using model::Shape;
using model::ShapeType;

// Values that between them satisfy every pattern of the model.
const std::vector<std::string> kSamples = {
    "app",
    "000000000000",
    "12345678-1234-1234-1234-123456789012",
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "arn:aws:iam::000000000000:role/scanner",
    "us-east-1",
    "registry-1.docker.io",
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/hub",
    "arn:aws:signer:us-east-1:000000000000:/signing-profiles/profile",
    "arn:aws:kms:us-east-1:000000000000:key/one",
    "prefix/",
    "*",
    std::string(100, 'x')};

bool is_valid(const Json& value, const Shape& shape) {
  return model::validate(value, shape).empty();
}

Json valid_string(const Shape& shape) {
  if (!shape.enumeration.empty()) return shape.enumeration.front();
  for (const std::string& sample : kSamples) {
    if (is_valid(sample, shape)) return sample;
  }
  ADD_FAILURE() << "no sample fits " << shape.name;
  return "";
}

// With every member. Lists have as many elements as they must, and at least one.
Json valid_value(const Shape& shape) {
  Json value;
  switch (shape.type) {
    case ShapeType::kStructure:
      value = Json::object();
      for (const auto& member : shape.members) value[member.name] = valid_value(*member.shape);
      return value;
    case ShapeType::kList:
      value = Json::array();
      for (std::int64_t i = 0; i < std::max<std::int64_t>(1, shape.min.value_or(0)); ++i) {
        value.push_back(valid_value(*shape.element));
      }
      return value;
    case ShapeType::kMap:
      return Json::object(
          {{valid_string(*shape.key).get<std::string>(), valid_value(*shape.element)}});
    case ShapeType::kString:
      return valid_string(shape);
    case ShapeType::kInteger:
    case ShapeType::kLong:
    case ShapeType::kDouble:
      return std::max<std::int64_t>(1, shape.min.value_or(1));
    case ShapeType::kBoolean:
      return true;
    case ShapeType::kBlob:
      return "AA==";
    case ShapeType::kTimestamp:
      return 1'700'000'000;
  }
  return value;
}

struct Fault {
  Json input;
  std::string path;
  std::string type;
  std::string text;  // of the constraint: how it begins, without "Member "
};

// The faults one value can have in the place `at` of an input.
class Faults {
 public:
  explicit Faults(const Shape& shape) : valid_(valid_value(shape)) { walk(shape, Pointer(), ""); }
  const Json& valid() const { return valid_; }
  const std::vector<Fault>& all() const { return faults_; }

 private:
  using Pointer = Json::json_pointer;

  void add(const Pointer& at, Json wrong, std::string path, std::string text,
           std::string type = "InvalidParameterException") {
    Json input = valid_;
    input[at] = std::move(wrong);
    faults_.push_back({std::move(input), std::move(path), std::move(type), std::move(text)});
  }

  static std::string join(const std::string& path, std::string name) {
    // AWS writes the tag's Key as 'tags.1.member.key'.
    name[0] = static_cast<char>(std::tolower(name[0]));
    return path.empty() ? name : path + "." + name;
  }

  void walk(const Shape& shape, const Pointer& at, const std::string& path) {
    switch (shape.type) {
      case ShapeType::kStructure:
        for (const auto& member : shape.members) walk_member(member, at, join(path, member.name));
        return;
      case ShapeType::kList:
        return walk_list(shape, at, path);
      case ShapeType::kString:
        return walk_string(shape, at, path);
      case ShapeType::kInteger:
      case ShapeType::kLong:
        return walk_number(shape, at, path);
      case ShapeType::kBlob:
        return add(at, "not base64", path, "", "SerializationException");
      default:
        return;
    }
  }

  void walk_member(const model::Member& member, const Pointer& at, const std::string& path) {
    const Pointer here = at / member.name;
    // A list where a scalar is meant, and a text where a structure is.
    const bool nested = valid_[here].is_structured();
    add(here, nested ? Json("text") : Json::array({Json::array()}), path, "",
        "SerializationException");
    if (member.required) add(here, nullptr, path, "must not be null");
    walk(*member.shape, here, path);
  }

  void walk_list(const Shape& shape, const Pointer& at, const std::string& path) {
    const Json element = valid_[at][0];
    if (shape.min && *shape.min > 0) {
      add(at, Json::array(), path,
          base::format("must have length greater than or equal to {}", *shape.min));
    }
    if (shape.max) {
      Json list = Json::array();
      for (std::int64_t i = 0; i <= *shape.max; ++i) list.push_back(element);
      add(at, list, path, base::format("must have length less than or equal to {}", *shape.max));
    }
    if (element.is_structured()) return walk(*shape.element, at / 0, path + ".1.member");
    const std::size_t first = faults_.size();
    walk(*shape.element, at / 0, path);
    for (std::size_t i = first; i < faults_.size(); ++i) {
      // The framework names the list and all that its elements must be; ECR's own check of names
      // forgets the list.
      const bool name = shape.element->name == "RepositoryName";
      if (name) faults_[i].path = "repositoryName";
      if (!name) faults_[i].text = "must satisfy constraint: [Member must ";
    }
  }

  void walk_string(const Shape& shape, const Pointer& at, const std::string& path) {
    if (shape.min && *shape.min > 0) {
      add(at, std::string(static_cast<std::size_t>(*shape.min - 1), 'a'), path,
          base::format("must have length greater than or equal to {}", *shape.min));
    }
    if (shape.max) {
      add(at, std::string(static_cast<std::size_t>(*shape.max + 1), 'a'), path,
          base::format("must have length less than or equal to {}", *shape.max));
    }
    if (shape.pattern) {
      const auto length =
          static_cast<std::size_t>(std::max<std::int64_t>(1, shape.min.value_or(1)));
      add(at, std::string(length, ' '), path, "must satisfy regular expression");
    }
    if (!shape.enumeration.empty()) add(at, "NONE", path, "must satisfy enum value set: [");
  }

  void walk_number(const Shape& shape, const Pointer& at, const std::string& path) {
    if (shape.min) {
      add(at, *shape.min - 1, path,
          base::format("must have value greater than or equal to {}", *shape.min));
    }
    if (shape.max) {
      add(at, *shape.max + 1, path,
          base::format("must have value less than or equal to {}", *shape.max));
    }
  }

  Json valid_;
  std::vector<Fault> faults_;
};

class EcrConstraints : public ApiTest {
 protected:
  const ServiceApi& ecr() const {
    for (const ServiceApi& api : control.apis()) {
      if (api.signing_name == "ecr") return api;
    }
    throw std::logic_error("no ECR");
  }
};

TEST_F(EcrConstraints, EveryOneIsEnforcedOnEveryOperation) {
  std::size_t faults = 0;
  for (const Operation* operation : ecr().operations) {
    const std::string name(operation->name);
    const Shape& shape = *ecr().model().find(name)->input;
    const Faults made(shape);
    EXPECT_TRUE(is_valid(made.valid(), shape)) << name << made.valid();
    for (const Fault& fault : made.all()) {
      ++faults;
      const auto [type, message] = fail(name, fault.input);
      const std::string where = base::format("{} at {}: {}", name, fault.path, message);
      EXPECT_EQ(type, fault.type) << where;
      if (type != "InvalidParameterException") continue;
      const std::string head =
          base::format("Invalid parameter at '{}' failed to satisfy constraint: '", fault.path);
      ASSERT_TRUE(message.starts_with(head)) << where;
      std::string_view text = std::string_view(message).substr(head.size());
      if (text.starts_with("Member ")) text.remove_prefix(7);
      EXPECT_TRUE(text.starts_with(fault.text)) << where << "\nexpected: " << fault.text;
      EXPECT_TRUE(text.ends_with("'")) << where;
    }
  }
  EXPECT_GT(faults, 300u);
}

// Captured from ECR and published.
TEST_F(EcrConstraints, TheTextsThatAreKnownAreExact) {
  const std::string name_pattern =
      R"(must satisfy regular expression '[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)"
      R"((/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*')";
  const Json many(101, {{"imageTag", "1"}});
  const struct {
    const char* operation;
    Json input;
    const char* path;
    std::string text;
  } kCases[] = {
      {"CreateRepository", {{"repositoryName", "Bad"}}, "repositoryName", name_pattern},
      {"CreateRepository", {{"repositoryName", "a___b"}}, "repositoryName", name_pattern},
      {"CreateRepository", {{"repositoryName", "a_-b"}}, "repositoryName", name_pattern},
      {"CreateRepository", Json::object(), "repositoryName", "must not be null"},
      {"PutImage", {{"repositoryName", "app"}}, "imageManifest", "Member must not be null"},
      {"PutImageTagMutability",
       {{"repositoryName", "app"}, {"imageTagMutability", "NO"}},
       "imageTagMutability",
       "Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, "
       "IMMUTABLE_WITH_EXCLUSION]"},
      {"BatchGetImage",
       {{"repositoryName", "app"}, {"imageIds", many}},
       "imageIds",
       "Member must have length less than or equal to 100"},
      {"TagResource",
       {{"resourceArn", "arn:aws:ecr:us-east-1:000000000000:repository/app"},
        {"tags", {{{"Value", "v"}}}}},
       "tags.1.member.key",
       "Member must not be null"},
  };
  for (const auto& test : kCases) {
    const auto [type, message] = fail(test.operation, test.input);
    EXPECT_EQ(type, "InvalidParameterException") << test.operation;
    EXPECT_EQ(message, base::format("Invalid parameter at '{}' failed to satisfy constraint: '{}'",
                                    test.path, test.text));
  }
}

}  // namespace
}  // namespace ecr::api::test
