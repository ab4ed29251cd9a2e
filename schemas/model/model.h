// AWS's service models (botocore's service-2.json form): operations and shapes, compiled once from
// the JSON linked into the program. Immutable and thread-safe after load.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/model/pattern.h"

namespace ecr::model {

enum class ShapeType {
  kStructure,
  kList,
  kMap,
  kString,
  kInteger,
  kLong,
  kDouble,
  kBoolean,
  kBlob,
  kTimestamp
};

struct Shape;

struct Member {
  std::string name;
  const Shape* shape = nullptr;
  bool required = false;
};

struct Shape {
  std::string name;
  ShapeType type = ShapeType::kStructure;
  std::vector<Member> members;      // of a structure, in the model's order
  const Shape* element = nullptr;   // of a list or map: the value
  const Shape* key = nullptr;       // of a map
  std::optional<std::int64_t> min;  // length of strings, lists, maps and blobs; value of numbers
  std::optional<std::int64_t> max;
  std::string pattern_text;  // as in the model; empty: none
  std::optional<Pattern> pattern;
  std::vector<std::string> enumeration;  // in the model's order; empty: any
  bool exception = false;
  bool sensitive = false;  // never to be shown in an error or a log

  const Member* find(std::string_view member) const;
};

struct OperationModel {
  std::string name;
  const Shape* input = nullptr;   // null: takes nothing
  const Shape* output = nullptr;  // null: returns nothing
  std::string result_wrapper;     // Query protocol: "GetCallerIdentityResult"; else empty
  std::vector<std::string> errors;
};

class ServiceModel {
 public:
  // REQUIRES: text is a model as linked into the program; anything else throws std::runtime_error
  // (also where a pattern is not supported by Pattern).
  static std::unique_ptr<const ServiceModel> load(std::string_view text);

  // The models of the services the program speaks; loaded at the first call.
  static const ServiceModel& ecr();
  static const ServiceModel& iam();
  static const ServiceModel& sts();
  static const ServiceModel& organizations();

  const std::string& target_prefix() const { return target_prefix_; }  // JSON protocol
  const std::string& api_version() const { return api_version_; }      // "2015-09-21"
  const std::string& xml_namespace() const { return xml_namespace_; }  // Query protocol
  const OperationModel* find(std::string_view operation) const;
  const std::map<std::string, OperationModel, std::less<>>& operations() const {
    return operations_;
  }
  const Shape* shape(std::string_view name) const;

 private:
  std::string target_prefix_;
  std::string api_version_;
  std::string xml_namespace_;
  std::map<std::string, OperationModel, std::less<>> operations_;
  std::map<std::string, std::unique_ptr<Shape>, std::less<>> shapes_;
};

}  // namespace ecr::model
