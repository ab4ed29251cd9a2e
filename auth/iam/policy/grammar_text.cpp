// Checks single texts: actions and resources. The sentences are AWS's; which of several is reported
// is decided by the stages alone (grammar.h).
#include <algorithm>
#include <array>
#include <vector>

#include "auth/iam/match/glob.h"
#include "auth/iam/policy/authorization_data.h"
#include "auth/iam/policy/grammar.h"
#include "schemas/base/encoding.h"
#include "schemas/model/partition.h"

namespace ecr::auth::iam {
namespace {

constexpr std::size_t kNoLine = std::string_view::npos;

std::vector<std::string_view> split_colons(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == kNoLine) return parts;
    text.remove_prefix(colon + 1);
  }
}

// Wildcards are accepted here (inferred: AWS's own managed policies say "arn:*:").
bool is_partition(std::string_view text) {
  return text == "*" || text == "aws*" || model::find_partition(text) != nullptr;
}

// AWS completes the ARN with "*" before it prints it.
std::string partition_message(const std::vector<std::string_view>& parts) {
  const auto part = [&](std::size_t i) {
    return i < parts.size() ? std::string(parts[i]) : std::string("*");
  };
  std::string resource = part(5);
  for (std::size_t i = 6; i < parts.size(); ++i) resource += ":" + std::string(parts[i]);
  return "Partition \"" + part(1) + "\" is not valid for resource \"arn:" + part(1) + ":" +
         part(2) + ":" + part(3) + ":" + part(4) + ":" + resource + "\".";
}

// The kinds of resources that AWS's sentence below lists.
bool is_iam_path(std::string_view path) {
  constexpr std::array kStarts = {"user/",
                                  "federated-user/",
                                  "role/",
                                  "group/",
                                  "instance-profile/",
                                  "mfa/",
                                  "server-certificate/",
                                  "policy/",
                                  "sms-mfa/",
                                  "saml-provider/",
                                  "oidc-provider/",
                                  "report/",
                                  "access-report/"};
  // "root" is the resource of sts:AssumeRoot.
  return path == "*" || path == "root" ||
         std::any_of(kStarts.begin(), kStarts.end(),
                     [&](const char* start) { return path.starts_with(start); });
}

// The resources of S3 that belong to a region, unlike buckets and objects (Service Authorization
// Reference, "Resource types defined by Amazon S3"). That IAM takes access points is recorded; the
// others are inferred from the reference.
bool is_regional_s3_resource(std::string_view resource) {
  constexpr std::array kStarts = {"accesspoint/",        "job/",           "storage-lens/",
                                  "storage-lens-group/", "async-request/", "access-grants/"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](const char* start) { return resource.starts_with(start); });
}

// IAM and most of S3 have global ARNs. IAM checks the resources of these two services more closely
// than those of others, and its answers show no check of a third.
std::string service_message(std::string_view resource, const std::vector<std::string_view>& parts) {
  const std::string_view service = parts[2];
  // A short ARN is completed with '*', so it has a region as well.
  const bool has_region = parts.size() < 5 || !parts[3].empty();
  if (service == "s3" && has_region) {
    if (parts.size() > 5 && is_regional_s3_resource(parts[5])) return {};
    return "Resource " + std::string(resource) + " can not contain region information.";
  }
  if (service != "iam") return {};
  if (has_region) {
    return "IAM resource " + std::string(resource) + " cannot contain region information.";
  }
  std::string path = parts.size() > 5 ? std::string(parts[5]) : std::string();
  if (is_iam_path(path)) return {};
  return "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, "
         "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, "
         "oidc-provider/, report/, access-report/.";
}

}  // namespace

std::optional<ResourceFault> check_resource(std::string_view resource) {
  if (resource == "*") return std::nullopt;
  const auto fault = [](std::string message) {
    return ResourceFault{Stage::kResourceFormat, std::move(message)};
  };
  const auto parts = split_colons(resource);
  if (parts.size() == 1) {
    return fault("Resource " + std::string(resource) + " must be in ARN format or \"*\".");
  }
  if (!is_partition(parts[1])) return fault(partition_message(parts));
  // The vendor is the service part. An ARN that is short may pass otherwise, because IAM completes
  // it with '*'.
  if (parts.size() == 2 || parts[2].find_first_of("*?") != kNoLine) {
    return fault("Resource vendor must be fully qualified and cannot contain regexes.");
  }
  if (std::string message = service_message(resource, parts); !message.empty()) {
    return fault(std::move(message));
  }
  // AWS refuses a short ARN with an empty part in another stage, and with a sentence that does not
  // name the resource.
  const bool incomplete = parts.size() < 6 && resource.find("::") != kNoLine;
  if (incomplete || parts[2].empty()) {
    return ResourceFault{Stage::kLegacy, "The policy failed legacy parsing"};
  }
  return std::nullopt;
}

// IAM checks the form of an action alone: it stores a policy with an action that no service has.
// The linter warns of such actions.
std::string check_action(std::string_view action) {
  const auto parts = split_colons(action);
  if (parts.size() == 1 && action != "*") {
    return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  }
  if (parts.size() > 2) return "Actions/Condition can contain only one colon.";
  const bool valid = parts[0] == "*" || std::all_of(parts[0].begin(), parts[0].end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.';
                     });
  return valid ? std::string() : "Vendor " + std::string(parts[0]) + " is not valid";
}

// A pattern passes if it matches one action that the policy may name. Repository policies may name
// only the actions on repositories: ECR refuses GetAuthorizationToken there (bug reports). Registry
// policies of scope V1 may name only the three actions of replication and pull-through caching (ECR
// User Guide, registry policy scope; account setting REGISTRY_POLICY_SCOPE; test:
// RegistryPolicies).
std::string check_ecr_action(std::string_view action, PolicyType type) {
  const std::string lower = base::to_lower(action);
  const std::size_t colon = lower.find(':');
  if (lower != "*" && lower.substr(0, colon) != "ecr") return "not an action of ECR";
  const Glob name(lower == "*" ? "*" : std::string_view(lower).substr(colon + 1));
  bool some = false;
  bool beyond_v1 = false;
  for (const ActionInfo& known : find_service("ecr")->actions) {
    if (!name.matches(known.lower)) continue;
    // The actions without a resource type are those on the registry.
    if (type == PolicyType::kRepository && known.wildcard_only) continue;
    some = true;
    beyond_v1 =
        beyond_v1 || (known.name != "ReplicateImage" && known.name != "BatchImportUpstreamImage" &&
                      known.name != "CreateRepository");
  }
  if (!some) return "matches no action that such a policy can name";
  if (type == PolicyType::kRegistryV1 && beyond_v1) {
    return "a registry policy of scope V1 may name only ReplicateImage, BatchImportUpstreamImage "
           "and CreateRepository";
  }
  return {};
}

}  // namespace ecr::auth::iam
