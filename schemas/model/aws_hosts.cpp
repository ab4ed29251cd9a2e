#include "schemas/model/aws_hosts.h"

#include <algorithm>
#include <array>

#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::model {
namespace {

constexpr std::string_view kFips = "-fips";

// Cuts the text up to the next dot off the front of `rest`.
std::string_view next_label(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view label = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return label;
}

// Cuts "-fips" off the end of a service's label.
bool cut_fips(std::string_view& label) {
  if (!label.ends_with(kFips)) return false;
  label.remove_suffix(kFips.size());
  return true;
}

// True for "x.amazonaws.com", and not for the suffix itself.
bool is_below(std::string_view name, std::string_view suffix) {
  return !suffix.empty() && name.size() > suffix.size() + 1 && name.ends_with(suffix) &&
         name[name.size() - suffix.size() - 1] == '.';
}

bool is_dual_stack_suffix(std::string_view domain) {
  return std::any_of(partitions().begin(), partitions().end(),
                     [domain](const Partition& each) { return domain == each.dual_stack_suffix; });
}

// "api.ecr.<region>.<domain>", the name that SDKs use, is believed under every domain: stand-ins
// for AWS have it under their own.
std::optional<ApiHost> parse_ecr_api(std::string_view name) {
  std::string_view rest = name;
  if (next_label(rest) != "api") return std::nullopt;
  std::string_view service = next_label(rest);
  ApiHost host;
  host.fips = cut_fips(service);
  const std::string_view region = next_label(rest);
  if (service != "ecr" || !is_region(region) || rest.empty()) return std::nullopt;
  host.service = service;
  host.region = region;
  host.partition = &partition_of_region(region);
  host.dual_stack = is_dual_stack_suffix(rest);
  host.domain = rest;
  return host;
}

// `rest`: what stands between the service and the domain. "us-gov" and "global" are IAM's.
bool set_region(ApiHost& host, std::string_view rest) {
  if (rest.empty() || rest == "global") return host.service != "ecr";
  if (rest == "us-gov") {
    host.partition = find_partition("aws-us-gov");
    return host.service == "iam";
  }
  if (!is_region(rest)) return false;
  host.region = rest;
  host.partition = &partition_of_region(rest);
  return true;
}

// `name` ends with ".<domain>", which is AWS's.
std::optional<ApiHost> parse_below(std::string_view name, const Partition& partition,
                                   std::string_view domain) {
  std::string_view rest = name.substr(0, name.size() - domain.size() - 1);
  std::string_view service = next_label(rest);
  ApiHost host;
  host.fips = cut_fips(service);
  constexpr std::array<std::string_view, 4> kServices = {"ecr", "sts", "iam", "organizations"};
  if (std::find(kServices.begin(), kServices.end(), service) == kServices.end()) {
    return std::nullopt;
  }
  host.service = service;
  host.partition = &partition;
  host.dual_stack = domain == partition.dual_stack_suffix;
  host.domain = domain;
  if (!set_region(host, rest)) return std::nullopt;
  return host;
}

}  // namespace

std::string RegistryHost::text() const {
  return base::format("{}.{}ecr{}.{}.{}", account, dual_stack ? "dkr-" : "dkr.",
                      fips ? kFips : std::string_view(), region, domain);
}

// The forms that Amazon ECR's credential helper accepts.
std::optional<RegistryHost> parse_registry_host(std::string_view host) {
  const std::string lower = base::to_lower(base::without_port(host));
  std::string_view rest = lower;
  const std::string_view account = next_label(rest);
  if (!is_account_id(account)) return std::nullopt;
  RegistryHost registry;
  std::string_view service = next_label(rest);
  if (service == "dkr") {
    service = next_label(rest);
  } else if (service.starts_with("dkr-")) {
    service.remove_prefix(4);
    registry.dual_stack = true;
  } else {
    return std::nullopt;
  }
  registry.fips = cut_fips(service);
  const std::string_view region = next_label(rest);
  if (service != "ecr" || !is_region(region) || rest.empty()) return std::nullopt;
  registry.account = account;
  registry.region = region;
  registry.domain = rest;
  return registry;
}

std::optional<ApiHost> parse_api_host(std::string_view host) {
  const std::string name = base::to_lower(base::without_port(host));
  if (auto ecr = parse_ecr_api(name)) return ecr;
  for (const Partition& partition : partitions()) {
    for (const std::string_view domain : {partition.dns_suffix, partition.dual_stack_suffix}) {
      if (is_below(name, domain)) return parse_below(name, partition, domain);
    }
  }
  return std::nullopt;
}

std::optional<std::string> signing_region(std::string_view host) {
  auto api = parse_api_host(host);
  if (!api || api->region.empty()) return std::nullopt;
  return std::move(api->region);
}

RegistryHost registry_of_api(const ApiHost& api, const RegistryId& registry) {
  RegistryHost host{registry.account, registry.region, api.fips, api.dual_stack, api.domain};
  if (!api.dual_stack) return host;
  const Partition& partition = *api.partition;
  host.dual_stack = !partition.registry_dual_stack_suffix.empty();
  host.domain = host.dual_stack ? partition.registry_dual_stack_suffix : partition.dns_suffix;
  return host;
}

bool is_aws_name(std::string_view host) {
  const std::string name = base::to_lower(base::without_port(host));
  return std::any_of(partitions().begin(), partitions().end(), [&name](const Partition& each) {
    return is_below(name, each.dns_suffix) || is_below(name, each.dual_stack_suffix) ||
           is_below(name, each.registry_dual_stack_suffix);
  });
}

std::vector<std::string> aws_hosts(std::string_view region, std::string_view account) {
  const Partition& partition = partition_of_region(region);
  std::vector<std::string> hosts;
  for (const std::string_view fips : {std::string_view(), kFips}) {
    const auto add = [&](std::string_view service, std::string_view in, std::string_view domain) {
      hosts.push_back(base::format("{}{}.{}.{}", service, fips, in, domain));
    };
    for (const char* service : {"api.ecr", "ecr", "sts"}) {
      add(service, region, partition.dns_suffix);
    }
    for (const char* service : {"ecr", "sts"}) add(service, region, partition.dual_stack_suffix);
    add("organizations", partition.organizations_region, partition.dns_suffix);
    add(base::format("{}.dkr.ecr", account), region, partition.dns_suffix);
    if (!partition.registry_dual_stack_suffix.empty()) {
      add(base::format("{}.dkr-ecr", account), region, partition.registry_dual_stack_suffix);
    }
  }
  hosts.emplace_back(partition.iam_host);
  hosts.emplace_back(partition.iam_dual_stack_host);
  // The global names of "aws" that clients use whatever their Region is.
  if (partition.name == "aws") {
    for (const char* host : {"sts.amazonaws.com", "iam-fips.amazonaws.com"}) {
      hosts.emplace_back(host);
    }
  }
  return hosts;
}

}  // namespace ecr::model
