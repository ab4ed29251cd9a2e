#include "schemas/model/model.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/model/embedded.h"

namespace ecr::model {
namespace {

using Shapes = std::map<std::string, std::unique_ptr<Shape>, std::less<>>;

// A fault of a model is a fault of the build, as the files are linked into the program. It throws
// at the first use of the model, which the tests make for each of them (test: EcrLoads,
// IamAndStsLoad).
[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("API model: " + what); }

ShapeType shape_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, ShapeType>, 11> kTypes = {{
      {"structure", ShapeType::kStructure},
      {"list", ShapeType::kList},
      {"map", ShapeType::kMap},
      {"string", ShapeType::kString},
      {"integer", ShapeType::kInteger},
      {"long", ShapeType::kLong},
      {"double", ShapeType::kDouble},
      {"float", ShapeType::kDouble},
      {"boolean", ShapeType::kBoolean},
      {"blob", ShapeType::kBlob},
      {"timestamp", ShapeType::kTimestamp},
  }};
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  // A type that AWS adds later is noticed when the model is updated, not ignored.
  fail("the shape type " + std::string(name));
}

// Returns the member `key` of an object; null if there is none.
const base::OrderedJson* find(const base::OrderedJson& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

// A flag that is absent is false.
bool flag_of(const base::OrderedJson& object, const char* key) {
  const base::OrderedJson* value = find(object, key);
  return value && value->get<bool>();
}

std::optional<std::int64_t> bound_of(const base::OrderedJson& object, const char* key) {
  const base::OrderedJson* value = find(object, key);
  if (!value) return std::nullopt;
  return value->get<std::int64_t>();
}

// Makes the shapes in two passes. Every shape exists before the first is filled in, because they
// refer to each other and to themselves (test: ShapesMayBeRecursive). Their addresses stay, as the
// map holds pointers.
class ShapeLoader {
 public:
  explicit ShapeLoader(Shapes& shapes) : shapes_(shapes) {}

  void run(const base::OrderedJson& descriptions) {
    for (const auto& [name, description] : descriptions.items()) {
      auto shape = std::make_unique<Shape>();
      shape->name = name;
      shapes_.emplace(name, std::move(shape));
    }
    for (const auto& [name, description] : descriptions.items()) {
      fill(*shapes_.find(name)->second, description);
    }
  }

  // Returns the shape to which {"shape": "Name"} under `key` refers; null if there is no such
  // member.
  const Shape* reference(const base::OrderedJson& object, const char* key) const {
    const base::OrderedJson* value = find(object, key);
    if (!value) return nullptr;
    const auto found = shapes_.find(base::text_member(*value, "shape"));
    if (found == shapes_.end()) fail("no shape " + base::text_member(*value, "shape"));
    return found->second.get();
  }

 private:
  void fill(Shape& shape, const base::OrderedJson& description) {
    shape.type = shape_type(base::text_member(description, "type"));
    shape.min = bound_of(description, "min");
    shape.max = bound_of(description, "max");
    shape.exception = flag_of(description, "exception");
    shape.sensitive = flag_of(description, "sensitive");
    shape.key = reference(description, "key");
    // A list calls its element "member", a map calls it "value".
    shape.element = reference(description, shape.type == ShapeType::kMap ? "value" : "member");
    shape.pattern_text = base::text_member(description, "pattern");
    if (!shape.pattern_text.empty()) shape.pattern = pattern(shape);
    if (const base::OrderedJson* values = find(description, "enum")) {
      shape.enumeration = values->get<std::vector<std::string>>();
    }
    fill_members(shape, description);
  }

  void fill_members(Shape& shape, const base::OrderedJson& description) {
    const base::OrderedJson* members = find(description, "members");
    if (!members) return;
    shape.members.reserve(members->size());
    // The order of the model is kept: AWS reports violations in it (test:
    // ReportsInTheOrderOfTheModel).
    for (const auto& [name, member] : members->items()) {
      shape.members.push_back({name, member_shape(member), false});
    }
    const base::OrderedJson* required = find(description, "required");
    if (!required) return;
    for (const auto& name : *required) {
      require(shape, name.get_ref<const std::string&>());
    }
  }

  // A member refers to its shape by name; anything else it says (locationName, documentation) is of
  // no use here.
  const Shape* member_shape(const base::OrderedJson& member) const {
    const auto found = shapes_.find(base::text_member(member, "shape"));
    if (found == shapes_.end()) fail("no shape " + base::text_member(member, "shape"));
    return found->second.get();
  }

  static void require(Shape& shape, const std::string& name) {
    for (Member& member : shape.members) {
      if (member.name == name) member.required = true;
    }
  }

  // Many shapes have the same expression and share its compiled form. Compilation waits for the
  // first match, because a start of the program needs no pattern (pattern.h).
  Pattern pattern(const Shape& shape) {
    const auto known = patterns_.find(shape.pattern_text);
    if (known != patterns_.end()) return known->second;
    auto compiled = Pattern::compile_at_first_match(shape.pattern_text);
    if (!compiled) fail(shape.name + ": " + compiled.error());
    patterns_.emplace(shape.pattern_text, *compiled);
    return *std::move(compiled);
  }

  Shapes& shapes_;
  std::map<std::string, Pattern, std::less<>> patterns_;
};

OperationModel load_operation(const base::OrderedJson& description, const ShapeLoader& shapes) {
  OperationModel operation;
  operation.name = base::text_member(description, "name");
  operation.input = shapes.reference(description, "input");
  operation.output = shapes.reference(description, "output");
  if (const base::OrderedJson* output = find(description, "output")) {
    // Only the Query protocol wraps its results, in IAM and STS.
    operation.result_wrapper = base::text_member(*output, "resultWrapper");
  }
  if (const base::OrderedJson* errors = find(description, "errors")) {
    for (const auto& error : *errors) operation.errors.push_back(base::text_member(error, "shape"));
  }
  return operation;
}

}  // namespace

const Member* Shape::find(std::string_view member) const {
  // A structure has rarely more than twenty members: a search is as fast as an index.
  for (const Member& candidate : members) {
    if (candidate.name == member) return &candidate;
  }
  return nullptr;
}

std::unique_ptr<const ServiceModel> ServiceModel::load(std::string_view text) {
  // Ordered, for the order of members and enumerations.
  const auto document = base::parse_ordered_json(text);
  if (!document) fail(document.error().detail);
  auto model = std::make_unique<ServiceModel>();
  try {
    const base::OrderedJson& metadata = document->at("metadata");
    model->target_prefix_ = base::text_member(metadata, "targetPrefix");
    model->api_version_ = base::text_member(metadata, "apiVersion");
    model->xml_namespace_ = base::text_member(metadata, "xmlNamespace");
    ShapeLoader shapes(model->shapes_);
    shapes.run(document->at("shapes"));
    for (const auto& [name, description] : document->at("operations").items()) {
      model->operations_.emplace(name, load_operation(description, shapes));
    }
  } catch (const nlohmann::json::exception& error) {
    // A member of the wrong JSON type, anywhere in the file (test: RefusesWhatIsNoModel).
    fail(error.what());
  }
  return model;
}

const ServiceModel& ServiceModel::ecr() {
  // Each model is loaded at its first use and never freed. A static is initialized by one thread
  // while the others wait.
  static const auto model = load(embedded::ecr_model());
  return *model;
}

const ServiceModel& ServiceModel::iam() {
  static const auto model = load(embedded::iam_model());
  return *model;
}

const ServiceModel& ServiceModel::sts() {
  static const auto model = load(embedded::sts_model());
  return *model;
}

const ServiceModel& ServiceModel::organizations() {
  static const auto model = load(embedded::organizations_model());
  return *model;
}

const OperationModel* ServiceModel::find(std::string_view operation) const {
  const auto found = operations_.find(operation);
  return found == operations_.end() ? nullptr : &found->second;
}

const Shape* ServiceModel::shape(std::string_view name) const {
  const auto found = shapes_.find(name);
  return found == shapes_.end() ? nullptr : found->second.get();
}

}  // namespace ecr::model
