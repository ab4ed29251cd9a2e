// Checks single texts: actions and resources. The sentences are AWS's; which of several is reported
// is decided by the stages alone (grammar.h).
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "auth/iam/match/condition_values.h"
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

// The kinds of resources that AWS's sentence below lists, and one that is newer than the recording
// of that sentence: the Service Authorization Reference has role-template as a resource of IAM.
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
                                  "access-report/",
                                  "role-template/"};
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
  return "IAM resource path must either be \"*\", root, or start with user/, federated-user/, "
         "role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, "
         "saml-provider/, oidc-provider/, report/, access-report/.";
}

// The whole number that the text is, within the limits; a sign is no digit.
bool is_number_within(std::string_view text, std::int64_t least, std::int64_t most) {
  if (text.empty() || text.find_first_not_of("0123456789") != kNoLine) return false;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && value >= least && value <= most;
}

// The text up to the mark, which is taken off `rest` with it; all of it where there is no mark.
std::string_view cut_at(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(at == kNoLine ? rest.size() : at + 1);
  return part;
}

// "[-]year[-month[-day]]". The greatest years are those of a Java date, which IAM's answers show as
// its limits.
bool is_loose_day(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (!is_number_within(cut_at(text, '-'), 0, negative ? 292'275'054 : 292'278'993)) return false;
  if (text.empty()) return true;
  if (!is_number_within(cut_at(text, '-'), 1, 12)) return false;
  return text.empty() || is_number_within(text, 1, 31);
}

// "z", "+hh" or "+hh:mm": the zone at the end, which is taken off; false: it is of another form.
bool take_zone(std::string_view& text) {
  if (text.ends_with('z')) {
    text.remove_suffix(1);
    return true;
  }
  const std::size_t sign = text.find_first_of("+-");
  if (sign == kNoLine) return true;
  std::string_view zone = text.substr(sign + 1);
  text = text.substr(0, sign);
  const std::string_view hours = cut_at(zone, ':');
  return hours.size() == 2 && is_number_within(hours, 0, 23) &&
         (zone.empty() || (zone.size() == 2 && is_number_within(zone, 0, 59)));
}

// "hh[:mm[:ss[.fraction]]]" and a zone, or nothing at all.
bool is_loose_time(std::string_view text) {
  if (!take_zone(text)) return false;
  if (text.empty()) return true;
  if (!is_number_within(cut_at(text, ':'), 0, 23)) return false;
  if (text.empty()) return true;
  if (!is_number_within(cut_at(text, ':'), 0, 59)) return false;
  if (text.empty()) return true;
  return is_number_within(cut_at(text, '.'), 0, 59) &&
         (text.empty() || (text.size() <= 9 && is_number_within(text, 0, 999'999'999)));
}

}  // namespace

// What IAM took and refused was recorded for "01T", "-292275054", "2016-12-13t2:00:00.593194+23"
// and "234-13", "...+1", ten digits of a fraction (test: DatesThatIamStores). The rest is inferred
// from these: each part is a number within its limits, however many digits it has.
bool is_stored_date(std::string_view text) {
  if (parse_date(text)) return true;
  const std::string lower = base::to_lower(text);
  if (lower.find_first_of("t-") == std::string::npos) return false;  // seconds since the epoch
  std::string_view rest = lower;
  const std::string_view day = cut_at(rest, 't');
  return is_loose_day(day) && is_loose_time(rest);
}

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

bool is_trust_action(std::string_view action) {
  const std::string lower = base::to_lower(action);
  constexpr std::string_view kPrefix = "sts:";
  if (!lower.starts_with(kPrefix)) return false;
  const Glob name(std::string_view(lower).substr(kPrefix.size()));
  const auto& actions = find_service("sts")->actions;
  return std::any_of(actions.begin(), actions.end(),
                     [&](const ActionInfo& known) { return name.matches(known.lower); });
}

// A pattern passes if it matches one action that the policy may name. Repository policies may name
// only the actions on repositories: ECR refuses GetAuthorizationToken there (bug reports). Registry
// policies may name all (ECR User Guide, "Private registry permissions"; test: RegistryPolicies).
std::string check_ecr_action(std::string_view action, PolicyType type) {
  const std::string lower = base::to_lower(action);
  const std::size_t colon = lower.find(':');
  if (lower != "*" && lower.substr(0, colon) != "ecr") return "not an action of ECR";
  const Glob name(lower == "*" ? "*" : std::string_view(lower).substr(colon + 1));
  for (const ActionInfo& known : find_service("ecr")->actions) {
    if (!name.matches(known.lower)) continue;
    // The actions without a resource type are those on the registry.
    if (type == PolicyType::kRepository && known.wildcard_only) continue;
    return {};
  }
  return "matches no action that such a policy can name";
}

}  // namespace ecr::auth::iam
