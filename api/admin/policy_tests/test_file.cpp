#include "api/admin/policy_tests/test_file.h"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/body_node.h"
#include "api/admin/what_if/questions.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::policy_tests {
namespace {

using base::OrderedJson;

constexpr std::size_t kMostNames = 1000;  // principals, actions or resources of one case

Expectation expectation_of(const BodyNode& node) {
  constexpr std::string_view kBecause = " because ";
  const OrderedJson& json = node.json();
  std::string text = json.is_string() ? json.get<std::string>() : std::string();
  Expectation expectation;
  if (const auto at = text.find(kBecause); at != std::string::npos) {
    expectation.because = text.substr(at + kBecause.size());
    text.resize(at);
    if (expectation.because.empty()) node.fail("has no text behind because");
  }
  expectation.allowed = text == "allowed";
  if (!expectation.allowed && text != "denied") {
    node.fail("must be allowed, denied, or one of them and because TEXT");
  }
  return expectation;
}

// A text, or a list of them: "action" and "actions" alike.
std::vector<std::string> names_of(const BodyNode& node, const std::string& one) {
  const std::string many = one + "s";
  if (node.has(one) == node.has(many)) {
    throw ParameterError(node.path_of(one),
                         base::format("one of {} and {} has to be given", one, many));
  }
  if (node.has(one)) return {node.text(one)};
  return node.texts(many, kMostNames);
}

std::optional<base::TimePoint> clock_in(const BodyNode& node) {
  const auto text = node.optional_text("clock");
  if (!text) return std::nullopt;
  const auto time = base::parse_iso8601(*text);
  if (!time) node.member("clock").fail("must be an ISO 8601 time, as 2026-01-31T12:00:00Z");
  return time;
}

void check_questions(const BodyNode& node, const std::vector<std::string>& actions,
                     const std::vector<std::string>& resources) {
  for (const std::string& action : actions) {
    what_if::check_action(node.path_of("action"), action);
  }
  for (const std::string& resource : resources) {
    what_if::check_resource(node.path_of("resource"), resource);
  }
}

// Values of condition keys are texts; in a file people write true and 7 as well.
OrderedJson as_texts(const OrderedJson& value) {
  if (value.is_boolean() || value.is_number()) return base::dump(value);
  if (!value.is_structured()) return value;
  OrderedJson texts = value;
  for (OrderedJson& element : texts) element = as_texts(element);
  return texts;
}

auth::iam::Context context_in(const BodyNode& node) {
  if (!node.has("context")) return {};
  const OrderedJson holder = {{"context", as_texts(node.member("context").json())}};
  return what_if::read_context({holder, node.path()});
}

class TestFileReader {
 public:
  TestFile read(const BodyNode& root) {
    // "$schema" is for editors.
    root.check_members({"$schema", "seed", "clock", "cases", "matrix"});
    clock_ = clock_in(root);
    read_seeds(root);
    root.each("cases", kMostChecks, [this](const BodyNode& node) { read_case(node); });
    root.each("matrix", kMostChecks, [this](const BodyNode& node) { read_matrix(node); });
    if (file_.checks.empty()) throw ParameterError("cases", "there is neither a case nor a matrix");
    return std::move(file_);
  }

 private:
  void read_seeds(const BodyNode& root) {
    if (!root.has("seed")) return;
    const BodyNode seed = root.member("seed");
    if (seed.json().is_array()) {
      root.each("seed", kMostSeeds, [this](const BodyNode& node) { add_seed(node); });
    } else {
      add_seed(seed);
    }
  }

  void add_seed(const BodyNode& node) {
    const OrderedJson& json = node.json();
    const bool is_name = json.is_string() && !json.get_ref<const std::string&>().empty();
    if (!is_name && !json.is_object()) node.fail("must be the name of a file, or a seed document");
    file_.seeds.push_back(is_name ? SeedSource{json.get<std::string>(), ""}
                                  : SeedSource{"", base::dump(json)});
  }

  void read_case(const BodyNode& node) {
    node.check_members({"name", "principal", "principals", "action", "actions", "resource",
                        "resources", "context", "clock", "expect"});
    const auto actions = names_of(node, "action");
    const auto resources = names_of(node, "resource");
    check_questions(node, actions, resources);
    Check check = common(node);
    check.expect = expectation_of(node.member("expect"));
    for (const std::string& principal : names_of(node, "principal")) {
      for (const std::string& action : actions) {
        for (const std::string& resource : resources) add(check, principal, action, resource);
      }
    }
  }

  // Rows are principals, columns are actions.
  void read_matrix(const BodyNode& node) {
    node.check_members({"name", "actions", "resource", "context", "clock", "rows"});
    const auto actions = node.texts("actions", kMostNames);
    const std::string resource = node.text("resource");
    check_questions(node, actions, {resource});
    const Check check = common(node);
    const BodyNode rows = node.member("rows");
    if (!rows.json().is_object()) rows.fail("must be an object: a list for each principal");
    for (const auto& [principal, cells] : rows.json().items()) {
      const std::string path = rows.path_of(principal);
      if (!cells.is_array() || cells.size() != actions.size()) {
        throw ParameterError(path, "must be a list with an element for each action");
      }
      for (std::size_t i = 0; i < actions.size(); ++i) {
        Check cell = check;
        cell.path = base::format("{}[{}]", path, i);
        cell.expect = expectation_of({cells[i], cell.path});
        add(std::move(cell), principal, actions[i], resource);
      }
    }
  }

  Check common(const BodyNode& node) const {
    Check check;
    check.name = node.optional_text("name").value_or("");
    check.path = node.path();
    check.context = context_in(node);
    check.clock = clock_in(node);
    if (!check.clock) check.clock = clock_;
    return check;
  }

  void add(Check check, const std::string& principal, const std::string& action,
           const std::string& resource) {
    if (file_.checks.size() >= kMostChecks) {
      throw ParameterError(check.path, base::format("there are more than {} checks", kMostChecks));
    }
    check.principal = principal;
    check.action = action;
    check.resource = resource;
    file_.checks.push_back(std::move(check));
  }

  TestFile file_;
  std::optional<base::TimePoint> clock_;
};

}  // namespace

TestFile read_test_file(const OrderedJson& document) {
  const BodyNode root(document, "");
  if (!document.is_object()) throw ParameterError("the document", "must be an object");
  return TestFileReader().read(root);
}

}  // namespace ecr::api::admin::policy_tests
