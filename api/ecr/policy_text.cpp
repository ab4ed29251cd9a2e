#include "api/ecr/policy_text.h"

#include <algorithm>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"

namespace ecr::api::ecr {
namespace {

using base::OrderedJson;

// Jackson's DefaultPrettyPrinter: two spaces for each object that a member is in, "key" : value,
// and lists on one line, in which objects go on as if there were no list.
void write_pretty(const OrderedJson& json, std::size_t depth, std::string& out) {
  const auto new_line = [&](std::size_t level) { out += '\n' + std::string(level * 2, ' '); };
  if (json.is_object()) {
    out += json.empty() ? "{ }" : "{";
    bool first = true;
    for (const auto& [key, value] : json.items()) {
      if (!first) out += ',';
      first = false;
      new_line(depth + 1);
      out += base::dump(OrderedJson(key)) + " : ";
      write_pretty(value, depth + 1, out);
    }
    if (json.empty()) return;
    new_line(depth);
    out += '}';
  } else if (json.is_array()) {
    out += "[ ";
    bool first = true;
    for (const OrderedJson& element : json) {
      if (!first) out += ", ";
      first = false;
      write_pretty(element, depth, out);
    }
    out += json.empty() ? "]" : " ]";
  } else {
    out += base::dump(json);
  }
}

// The members in this order, then those that it does not name, as they came.
OrderedJson in_order(const OrderedJson& object, std::initializer_list<const char*> order) {
  OrderedJson sorted = OrderedJson::object();
  for (const char* name : order) {
    if (const auto found = object.find(name); found != object.end()) sorted[name] = *found;
  }
  for (const auto& [name, value] : object.items()) {
    if (!sorted.contains(name)) sorted[name] = value;
  }
  return sorted;
}

// A list of one is written as its only entry.
void unwrap(OrderedJson& value) {
  if (!value.is_array() || value.size() != 1) return;
  OrderedJson only = value.front();
  value = std::move(only);
}

// The order of Sid, Effect, Principal and Action is recorded, that of the others is inferred from
// the writer of policies in AWS's SDK for Java. That a list of one becomes its entry is recorded
// for Action, and inferred for principals.
OrderedJson statement_anew(const OrderedJson& statement) {
  if (!statement.is_object()) return statement;
  OrderedJson anew = in_order(statement, {"Sid", "Effect", "Principal", "NotPrincipal", "Action",
                                          "NotAction", "Resource", "NotResource", "Condition"});
  for (const char* name : {"Action", "NotAction"}) {
    if (const auto found = anew.find(name); found != anew.end()) unwrap(*found);
  }
  for (const char* name : {"Principal", "NotPrincipal"}) {
    const auto found = anew.find(name);
    if (found == anew.end() || !found->is_object()) continue;
    for (OrderedJson& names : *found) unwrap(names);
  }
  return anew;
}

}  // namespace

// Recorded from ECR in many answers; the examples of the AWS CLI show the same.
std::string written_anew(std::string_view policy) {
  const auto document = base::parse_ordered_json(policy);
  if (!document || !document->is_object()) return std::string(policy);
  OrderedJson anew = in_order(*document, {"Version", "Id", "Statement"});
  if (const auto statements = anew.find("Statement"); statements != anew.end()) {
    // That the only statement is in a list where the document has it without one is inferred.
    OrderedJson list = OrderedJson::array();
    if (statements->is_array()) {
      for (const OrderedJson& one : *statements) list.push_back(statement_anew(one));
    } else {
      list.push_back(statement_anew(*statements));
    }
    *statements = std::move(list);
  }
  std::string out;
  write_pretty(anew, 0, out);
  return out;
}

}  // namespace ecr::api::ecr
