#include "schemas/base/yaml.h"

#include <algorithm>
#include <map>
#include <new>
#include <utility>
#include <yaml.h>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::base {
namespace {

// One event of libyaml, which it allocates.
class YamlEvent {
 public:
  YamlEvent() = default;
  YamlEvent(const YamlEvent&) = delete;
  YamlEvent& operator=(const YamlEvent&) = delete;
  ~YamlEvent() { yaml_event_delete(&event); }

  std::size_t line() const { return event.start_mark.line + 1; }
  yaml_event_t event{};
};

std::string_view view_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

// The core schema, but for numbers that JSON writes in another way: 0x1F, .inf, +1.
OrderedJson plain_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const bool may_be_number = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
  if (may_be_number) {
    if (const auto number = parse_ordered_json(text); number && number->is_number()) return *number;
  }
  return text;
}

class YamlReader {
 public:
  YamlReader(std::string_view text, const JsonLimits& limits) : limits_(limits) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;
  ~YamlReader() { yaml_parser_delete(&parser_); }

  OrderedJson read() {
    expect(YAML_STREAM_START_EVENT);
    YamlEvent first;
    next(first);
    if (first.event.type == YAML_STREAM_END_EVENT) return {};
    YamlEvent node;
    next(node);
    OrderedJson value = read_node(node, 1);
    expect(YAML_DOCUMENT_END_EVENT);
    YamlEvent last;
    next(last);
    if (last.event.type != YAML_STREAM_END_EVENT)
      fail(last.line(), "only one document may be here");
    return value;
  }

 private:
  [[noreturn]] void fail(std::size_t line, std::string detail) const {
    throw YamlError{line, std::move(detail)};
  }

  void next(YamlEvent& out) {
    if (yaml_parser_parse(&parser_, &out.event) != 0) return;
    fail(parser_.problem_mark.line + 1,
         parser_.problem == nullptr ? "is not YAML" : std::string(parser_.problem));
  }

  void expect(yaml_event_type_t type) {
    YamlEvent event;
    next(event);
    if (event.event.type != type) fail(event.line(), "is not YAML");
  }

  void count(std::size_t line, std::size_t values) {
    values_ += values;
    if (values_ > limits_.max_values) fail(line, "has too many values");
  }

  OrderedJson read_node(const YamlEvent& node, std::size_t depth) {
    if (depth > limits_.max_depth) fail(node.line(), "is nested too deeply");
    count(node.line(), 1);
    switch (node.event.type) {
      case YAML_SCALAR_EVENT:
        return keep(node.event.data.scalar.anchor, read_scalar(node));
      case YAML_SEQUENCE_START_EVENT:
        check_tag(node.line(), node.event.data.sequence_start.tag, "seq");
        return keep(node.event.data.sequence_start.anchor, read_list(depth));
      case YAML_MAPPING_START_EVENT:
        check_tag(node.line(), node.event.data.mapping_start.tag, "map");
        return keep(node.event.data.mapping_start.anchor, read_map(depth));
      case YAML_ALIAS_EVENT:
        return follow(node, depth);
      default:
        fail(node.line(), "is not YAML");
    }
  }

  OrderedJson read_list(std::size_t depth) {
    OrderedJson list = OrderedJson::array();
    for (;;) {
      YamlEvent element;
      next(element);
      if (element.event.type == YAML_SEQUENCE_END_EVENT) return list;
      list.push_back(read_node(element, depth + 1));
    }
  }

  OrderedJson read_map(std::size_t depth) {
    OrderedJson map = OrderedJson::object();
    for (;;) {
      YamlEvent key;
      next(key);
      if (key.event.type == YAML_MAPPING_END_EVENT) return map;
      const std::string name = read_key(key);
      if (map.contains(name)) fail(key.line(), "the key " + name + " is there twice");
      YamlEvent value;
      next(value);
      map[name] = read_node(value, depth + 1);
    }
  }

  std::string read_key(const YamlEvent& key) {
    if (key.event.type != YAML_SCALAR_EVENT) fail(key.line(), "a key must be a text");
    const auto& scalar = key.event.data.scalar;
    std::string name(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (name == "<<" && scalar.plain_implicit != 0)
      fail(key.line(), "merge keys are not known here");
    return name;
  }

  OrderedJson read_scalar(const YamlEvent& node) {
    const auto& scalar = node.event.data.scalar;
    std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (scalar.tag != nullptr) {
      check_tag(node.line(), scalar.tag, "str");
      return text;
    }
    return scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text) : OrderedJson(text);
  }

  void check_tag(std::size_t line, const yaml_char_t* tag, std::string_view wanted) {
    const std::string_view given = view_of(tag);
    if (given.empty() || given == "!" || given == std::string(kTagPrefix).append(wanted)) return;
    fail(line, base::format("the tag {} is not known here", given));
  }

  OrderedJson keep(const yaml_char_t* anchor, OrderedJson value) {
    if (anchor != nullptr) anchors_.insert_or_assign(std::string(view_of(anchor)), value);
    return value;
  }

  // An alias copies what it names, so that its values and its depth count once more: a few lines of
  // aliases could stand for billions.
  OrderedJson follow(const YamlEvent& node, std::size_t depth) {
    const std::string name(view_of(node.event.data.alias.anchor));
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) fail(node.line(), "there is no anchor " + name);
    measure(found->second, depth, node.line());
    return found->second;
  }

  // Recursive, within the depth.
  void measure(const OrderedJson& value, std::size_t depth, std::size_t line) {
    if (depth > limits_.max_depth) fail(line, "is nested too deeply");
    if (!value.is_structured()) return;
    count(line, value.size());
    for (const OrderedJson& element : value) measure(element, depth + 1, line);
  }

  const JsonLimits limits_;
  yaml_parser_t parser_{};
  std::map<std::string, OrderedJson> anchors_;
  std::size_t values_ = 0;
};

// Aliases make much of little, so that there is always a limit.
constexpr std::size_t kMostYamlValues = 500'000;

}  // namespace

tl::expected<OrderedJson, YamlError> parse_yaml(std::string_view text, const JsonLimits& limits) {
  JsonLimits used = limits;
  used.max_values = std::min(used.max_values, kMostYamlValues);
  if (text.size() > used.max_bytes) {
    return tl::unexpected(YamlError{1, base::format("is larger than {} bytes", used.max_bytes)});
  }
  if (!is_valid_utf8(text)) return tl::unexpected(YamlError{1, "is not UTF-8"});
  try {
    return YamlReader(text, used).read();
  } catch (YamlError& error) {
    return tl::unexpected(std::move(error));
  }
}

}  // namespace ecr::base
