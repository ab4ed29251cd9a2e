#include "api/admin/policy_tests/proposed_change.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::policy_tests {
namespace {

// The kind that the target itself says; empty: it says none.
std::string_view kind_of_target(std::string_view target, bool has_name) {
  const auto arn = model::Arn::parse(target);
  if (!arn) return "";
  const std::string_view resource = arn->resource;
  if (arn->service == "ecr") {
    return resource == "registry"                ? "registry"
           : resource.starts_with("repository/") ? "repository"
                                                 : "";
  }
  if (arn->service == "organizations") {
    if (resource.find("/service_control_policy/") != resource.npos) return "scp";
    return resource.find("/resource_control_policy/") != resource.npos ? "rcp" : "";
  }
  if (arn->service != "iam") return "";
  if (resource.starts_with("policy/")) return "managed";
  return has_name ? "inline" : "";
}

}  // namespace

ChangeOption parse_change_option(const std::string& text) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) {
    throw ParameterError("--changed " + text, "must be POLICY=FILE");
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

what_if::Change proposed_change(const std::string& policy, const std::string* document) {
  const std::string flag = "--changed " + policy;
  const auto& kinds = what_if::change_kinds();
  std::string target = policy;
  std::string kind = target.substr(0, target.find(':'));
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) {
    target.erase(0, kind.size() + 1);
  } else {
    kind.clear();
  }
  std::string name;
  if (const auto at = target.find('#'); at != std::string::npos) {
    name = target.substr(at + 1);
    target.resize(at);
  }
  if (kind.empty()) kind = kind_of_target(target, !name.empty());
  if (kind.empty()) {
    throw ParameterError(
        flag,
        "must be the ARN of a managed policy, a repository or a registry, ARN#NAME "
        "of an inline policy, or trust:ARN, boundary:ARN, scp:ID, rcp:ID, or endpoint");
  }
  base::OrderedJson json = {{"kind", kind}, {"document", nullptr}};
  if (!target.empty()) json["target"] = target;
  if (!name.empty()) json["name"] = name;
  if (document != nullptr) json["document"] = *document;
  return what_if::read_change({json, flag});
}

}  // namespace ecr::api::admin::policy_tests
