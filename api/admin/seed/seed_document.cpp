#include "api/admin/seed/seed_document.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/model.h"

namespace ecr::api::admin {
namespace {

constexpr std::size_t kMostOfKey = 100;  // characters of an unknown key in an error text

// "Statement[0].Effect: Syntax errors in policy. (neither Allow nor Deny)", as validate-policy has
// it. The line is left out: it would be one of the policy, and not of the seed.
std::string problem_text(const auth::iam::PolicyProblem& problem) {
  std::string text = problem.path.empty() ? problem.message : problem.path + ": " + problem.message;
  if (!problem.detail.empty()) text += " (" + problem.detail + ")";
  return text;
}

}  // namespace

void SeedNode::fail(std::string_view reason) const {
  throw SeedError((path_.empty() ? "the document" : path_) + ": " + std::string(reason));
}

void SeedNode::check_members(std::initializer_list<std::string_view> known) const {
  if (!value_.is_object()) fail("must be an object");
  for (const auto& [key, value] : value_.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    const std::string meant = base::did_you_mean(key, names);
    fail("unknown key " + key.substr(0, kMostOfKey) +
         (meant.empty() ? "; known are " + base::join(names, ", ") : meant));
  }
}

// A member that is null counts as absent, so that a template can write null for "none".
bool SeedNode::has(std::string_view name) const {
  return value_.is_object() && value_.contains(name) && !value_.at(name).is_null();
}

// The path of a missing member is that of the place where it should be.
SeedNode SeedNode::member(std::string_view name) const {
  const std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  if (!has(name)) throw SeedError(path + ": is missing");
  return {value_.at(name), path};
}

std::string SeedNode::text(std::string_view name) const {
  const SeedNode found = member(name);
  if (!found.value_.is_string()) found.fail("must be a string");
  return found.value_.get<std::string>();
}

// A member of the wrong type is an error, not a reason for the fallback.
std::string SeedNode::text(std::string_view name, std::string fallback) const {
  return has(name) ? text(name) : std::move(fallback);
}

std::vector<std::string> SeedNode::text_list(std::string_view name) const {
  std::vector<std::string> list;
  each(name, [&](const SeedNode& one) {
    if (!one.value_.is_string() || one.value_.get_ref<const std::string&>().empty()) {
      one.fail("must be a string");
    }
    list.push_back(one.value_.get<std::string>());
  });
  return list;
}

bool SeedNode::flag(std::string_view name, bool fallback) const {
  if (!has(name)) return fallback;
  const SeedNode found = member(name);
  if (!found.value_.is_boolean()) found.fail("must be true or false");
  return found.value_.get<bool>();
}

std::int64_t SeedNode::number(std::string_view name, std::int64_t fallback, std::int64_t min,
                              std::int64_t max) const {
  if (!has(name)) return fallback;
  const SeedNode found = member(name);
  if (!found.value_.is_number_integer() || found.value_.get<std::int64_t>() < min ||
      found.value_.get<std::int64_t>() > max) {
    found.fail("must be a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return found.value_.get<std::int64_t>();
}

void SeedNode::each(std::string_view name,
                    const std::function<void(const SeedNode&)>& visit) const {
  if (!has(name)) return;
  const SeedNode list = member(name);
  if (!list.value_.is_array()) list.fail("must be a list");
  for (std::size_t i = 0; i < list.value_.size(); ++i) {
    visit(SeedNode(list.value_[i], list.path_ + "[" + std::to_string(i) + "]"));
  }
}

void SeedNode::each_pair(
    std::string_view name,
    const std::function<void(const std::string&, const SeedNode&)>& visit) const {
  if (!has(name)) return;
  const SeedNode object = member(name);
  if (!object.value_.is_object()) object.fail("must be an object");
  for (const auto& [key, value] : object.value_.items()) {
    visit(key, SeedNode(value, object.path_ + "." + key));
  }
}

// The rule is that of the API, so that whatever is seeded could also be created by a client.
std::string checked_name(const SeedNode& node, std::string_view member, const char* shape) {
  const std::string value = node.text(member);
  const model::Shape* rule = model::ServiceModel::iam().shape(shape);
  if (value.empty() || static_cast<std::int64_t>(value.size()) > rule->max.value_or(128) ||
      (rule->pattern && !rule->pattern->matches(value))) {
    node.member(member).fail("does not match " + rule->pattern_text);
  }
  return value;
}

// An object is stored as compact JSON, a text exactly as it is given.
std::string policy_text(SeedContext& context, const SeedNode& node, auth::iam::PolicyType type) {
  const std::string text =
      node.json().is_string() ? node.json().get<std::string>() : base::dump(node.json());
  const auto parsed = auth::iam::Policy::parse(text, type);
  if (!parsed) node.fail(problem_text(parsed.error()));
  for (const auto& problem : auth::iam::lint_policy(text, type)) {
    if (context.warnings.size() >= kMostSeedWarnings) break;
    context.warnings.push_back(node.path() + ": " + problem_text(problem));
  }
  return text;
}

// The length of a key is that of the API; the characters are not checked.
storage::Tags seed_tags(const SeedNode& node) {
  storage::Tags tags;
  node.each_pair("tags", [&](const std::string& key, const SeedNode& value) {
    if (!value.json().is_string()) value.fail("must be a string");
    if (key.empty() || key.size() > 128) value.fail("a tag's key has 1 to 128 characters");
    tags.emplace_back(key, value.json().get<std::string>());
  });
  return tags;
}

std::string seed_path(const SeedNode& node) {
  const std::string path = node.text("path", "/");
  if (!path.starts_with('/') || !path.ends_with('/')) {
    node.member("path").fail("must begin and end with a slash");
  }
  return path;
}

}  // namespace ecr::api::admin
