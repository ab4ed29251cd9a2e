// The grammar of policy documents, and AWS's sentences for violations of it. Internal to auth/iam.
// Source: AWS IAM User Guide, "Grammar of the IAM JSON policy language".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {

// AWS reports one problem: of the earliest of these stages.
enum class Stage : std::uint8_t {
  kSyntax,
  kVersion,
  kLegacy,
  kElements,  // an element that this kind of policy must or may not have
  kSid,
  kActions,
  kResourceFormat,
  kResources,  // before kVendor (recorded answers of IAM, 2026)
  kVendor,
  kWarning
};

struct Finding {
  Stage stage;
  std::string path;  // "Statement[1].Action[0]"
  std::string message;
  std::string detail;
};

// In the order of the document.
std::vector<Finding> check_grammar(const base::OrderedJson& document, PolicyType type);

// The reason why a resource's text is refused. Internal to the grammar (grammar_text.cpp).
struct ResourceFault {
  Stage stage;  // kLegacy or kResourceFormat
  std::string message;
};
// nullopt: nothing. Resource formats and their sentences as IAM checks them.
std::optional<ResourceFault> check_resource(std::string_view resource);

// The sentence for an action's text. Empty: nothing is wrong with it.
std::string check_action(std::string_view action);

// True where a trust policy may name the action: a pattern that matches an action of STS.
bool is_trust_action(std::string_view action);

// True for a value of a Date operator that IAM stores. It stores more than the operator can read:
// such a value matches nothing.
bool is_stored_date(std::string_view text);

// The reason why ECR refuses the action in a policy of this type. Empty: ECR accepts it.
std::string check_ecr_action(std::string_view action, PolicyType type);

}  // namespace ecr::auth::iam
