#include "api/core/wire/query_protocol.h"

#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/clock.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

using model::Shape;
using model::ShapeType;

// The parameters as a tree: "Tags.member.1.Key" is four edges.
struct Node {
  std::map<std::string, Node, std::less<>> children;
  const std::string* value = nullptr;
};

// The shape of what `edge` leads to from a value of `shape`; null: the shape has no such part.
// `within` says where in a list or a map the edge stands: 0 at "member" and "entry", 1 at the
// index, 2 at "key" and "value"; it is moved on.
const Shape* next_shape(const Shape& shape, std::string_view edge, int& within) {
  switch (shape.type) {
    case ShapeType::kStructure:
      for (const model::Member& member : shape.members) {
        if (member.name == edge) return member.shape;
      }
      return nullptr;
    case ShapeType::kList:
      if (within == 0) {
        within = 1;
        return edge == "member" ? &shape : nullptr;
      }
      within = 0;
      return shape.element;
    case ShapeType::kMap:
      if (within == 0 || within == 1) {
        const bool fits = within == 1 || edge == "entry";
        ++within;
        return fits ? &shape : nullptr;
      }
      within = 0;
      return edge == "key" || edge == "value" ? shape.element : nullptr;
    default:
      return nullptr;
  }
}

// Whether the shape has a place for a parameter of that name.
bool has_place(const Shape& shape, std::string_view name) {
  const Shape* at = &shape;
  int within = 0;
  for (;;) {
    const std::size_t dot = name.find('.');
    at = next_shape(*at, name.substr(0, dot), within);
    if (at == nullptr) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// "Tags.member.1.Key" and "Tags.member.1.Value" share three edges. A parameter that comes twice is
// refused: it would be left open which value counts. Only parameters of the shape are taken, as AWS
// ignores the others: a caller may not be authenticated yet, and a tree takes fifty times the bytes
// of its names. So a name cannot be deeper than the shape, either.
Node to_tree(const FormParameters& parameters, const Shape& shape) {
  Node root;
  for (const auto& [name, value] : parameters) {
    if (!base::is_valid_utf8(name) || !base::is_valid_utf8(value)) {
      throw ApiError::serialization("The parameters are not UTF-8");
    }
    if (!has_place(shape, name)) continue;
    Node* at = &root;
    std::string_view rest = name;
    for (;;) {
      const std::size_t dot = rest.find('.');
      at = &at->children[std::string(rest.substr(0, dot))];
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    if (at->value != nullptr) {
      throw ApiError::serialization(base::format("Parameter {} is given more than once", name));
    }
    at->value = &value;
  }
  return root;
}

base::Json decode_node(const Node& node, const Shape& shape, const std::string& path);

base::Json decode_scalar(const std::string& text, const Shape& shape, const std::string& path) {
  // All values are text; the shape says what they mean. "True" and "TRUE" are booleans for AWS,
  // too.
  switch (shape.type) {
    case ShapeType::kBoolean:
      if (base::equals_ignore_case(text, "true")) return true;
      if (base::equals_ignore_case(text, "false")) return false;
      break;
    case ShapeType::kInteger:
    case ShapeType::kLong: {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) return number;
      break;
    }
    default:
      return text;
  }
  throw ApiError::serialization(
      base::format("Parameter {} is not of the type {}", path,
                   shape.type == ShapeType::kBoolean ? "Boolean" : "Integer"));
}

// "<name>.member.1", "<name>.member.2", ...; an empty list is the bare name without a value.
base::Json decode_list(const Node& node, const Shape& shape, const std::string& path) {
  base::Json list = base::Json::array();
  const auto member = node.children.find("member");
  if (member == node.children.end()) return list;
  // By index, not by the order of parameters; an index may be left out.
  std::map<int, const Node*> in_order;
  for (const auto& [key, child] : member->second.children) {
    int index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc() || end != key.data() + key.size() || index < 1) {
      throw ApiError::serialization(base::format("Parameter {}.member.{} has no index", path, key));
    }
    in_order[index] = &child;
  }
  for (const auto& [index, child] : in_order) {
    list.push_back(decode_node(*child, *shape.element, base::format("{}.member.{}", path, index)));
  }
  return list;
}

// "<name>.entry.1.key", "<name>.entry.1.value".
base::Json decode_map(const Node& node, const Shape& shape, const std::string& path) {
  base::Json map = base::Json::object();
  const auto entries = node.children.find("entry");
  if (entries == node.children.end()) return map;
  for (const auto& [index, entry] : entries->second.children) {
    const auto key = entry.children.find("key");
    const auto value = entry.children.find("value");
    if (key == entry.children.end() || key->second.value == nullptr ||
        value == entry.children.end()) {
      throw ApiError::serialization(
          base::format("Parameter {}.entry.{} is not a pair", path, index));
    }
    map[*key->second.value] = decode_node(value->second, *shape.element, path);
  }
  return map;
}

base::Json decode_node(const Node& node, const Shape& shape, const std::string& path) {
  switch (shape.type) {
    case ShapeType::kStructure: {
      base::Json object = base::Json::object();
      // Parameters that the shape does not have are ignored, as AWS does (Action and Version are
      // some).
      for (const model::Member& member : shape.members) {
        const auto child = node.children.find(member.name);
        if (child == node.children.end()) continue;
        const std::string inner = path.empty() ? member.name : path + "." + member.name;
        object[member.name] = decode_node(child->second, *member.shape, inner);
      }
      return object;
    }
    case ShapeType::kList:
      return decode_list(node, shape, path);
    case ShapeType::kMap:
      return decode_map(node, shape, path);
    default:
      if (node.value == nullptr) {
        throw ApiError::serialization(base::format("Parameter {} has no value", path));
      }
      return decode_scalar(*node.value, shape, path);
  }
}

void encode_node(std::string& out, const base::Json& value, const Shape& shape);

// Lists are <member> elements, maps <entry><key/><value/></entry>: the model has no flattened lists
// in IAM and STS.
void encode_member(std::string& out, std::string_view name, const base::Json& value,
                   const Shape& shape) {
  out += base::format("<{}>", name);
  encode_node(out, value, shape);
  out += base::format("</{}>", name);
}

// Members in the order of the model; an absent or null member has no element at all.
void encode_structure(std::string& out, const base::Json& value, const Shape& shape) {
  for (const model::Member& member : shape.members) {
    const auto found = value.find(member.name);
    if (found == value.end() || found->is_null()) continue;
    encode_member(out, member.name, *found, *member.shape);
  }
}

void encode_node(std::string& out, const base::Json& value, const Shape& shape) {
  switch (shape.type) {
    case ShapeType::kStructure:
      encode_structure(out, value, shape);
      return;
    case ShapeType::kList:
      for (const base::Json& element : value) encode_member(out, "member", element, *shape.element);
      return;
    case ShapeType::kMap:
      for (const auto& [key, element] : value.items()) {
        out += "<entry><key>" + xml_escape(key) + "</key>";
        encode_member(out, "value", element, *shape.element);
        out += "</entry>";
      }
      return;
    default:
      out += xml_escape(value.is_string() ? value.get<std::string>() : value.dump());
  }
}

base::Json to_query_json(const base::Json& value, const Shape& shape) {
  base::Json out;
  switch (shape.type) {
    case ShapeType::kStructure:
      out = base::Json::object();
      for (const model::Member& member : shape.members) {
        const auto found = value.find(member.name);
        const bool there = found != value.end() && !found->is_null();
        out[member.name] = there ? to_query_json(*found, *member.shape) : base::Json();
      }
      return out;
    case ShapeType::kList:
      out = base::Json::array();
      for (const base::Json& element : value) {
        out.push_back(to_query_json(element, *shape.element));
      }
      return out;
    case ShapeType::kMap:
      out = base::Json::object();
      for (const auto& [key, element] : value.items()) {
        out[key] = to_query_json(element, *shape.element);
      }
      return out;
    case ShapeType::kTimestamp:
      if (const auto time =
              value.is_string() ? base::parse_iso8601(value.get<std::string>()) : std::nullopt) {
        return static_cast<double>(time->time_since_epoch().count()) / 1000;
      }
      return value;
    default:
      return value;
  }
}

}  // namespace

nlohmann::json decode_query(const FormParameters& parameters, const model::Shape& shape) {
  return decode_node(to_tree(parameters, shape), shape, "");
}

// <ActionResponse><ActionResult>...</ActionResult><ResponseMetadata>. An operation without output
// has no Result element.
std::string encode_query_result(const base::Json& output, const model::OperationModel& operation,
                                std::string_view xml_namespace, std::string_view request_id) {
  std::string xml = base::format("<{}Response xmlns=\"{}\">", operation.name, xml_namespace);
  if (operation.output != nullptr) {
    const std::string wrapper =
        operation.result_wrapper.empty() ? operation.name + "Result" : operation.result_wrapper;
    encode_member(xml, wrapper, output, *operation.output);
  }
  xml += base::format("<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{}Response>",
                      request_id, operation.name);
  return xml;
}

// {"ActionResponse": {"ActionResult": ..., "ResponseMetadata": {"RequestId": ...}}}, as STS answers
// GetCallerIdentity. Seen of other services with this protocol (SNS) and taken over from there:
// members that are absent are null, and times are seconds since the epoch.
std::string encode_query_json(const base::Json& output, const model::OperationModel& operation,
                              std::string_view request_id) {
  base::Json response = {{"ResponseMetadata", {{"RequestId", request_id}}}};
  if (operation.output != nullptr) {
    const std::string wrapper =
        operation.result_wrapper.empty() ? operation.name + "Result" : operation.result_wrapper;
    response[wrapper] = to_query_json(output, *operation.output);
  }
  return base::dump(base::Json{{operation.name + "Response", std::move(response)}});
}

// Always valid XML 1.0 in UTF-8. What it cannot express, not even as a reference, is left out
// (control characters) or becomes U+FFFD (bad bytes, U+FFFE and U+FFFF; XML 1.0, "Characters").
std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = base::next_code_point(text, at);
    if (c == base::kBadCodePoint) ++at;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case base::kBadCodePoint:
      case 0xFFFE:
      case 0xFFFF:
        out += "\xEF\xBF\xBD";
        break;
      default:
        if (c >= 0x20 || c == '\n' || c == '\t' || c == '\r') out.append(text, begin, at - begin);
    }
  }
  return out;
}

}  // namespace ecr::api
