// Names of hosts that AWS gives its APIs and registries, in all forms: plain, FIPS, dual-stack
// (IPv4 and IPv6), and of each partition. A port behind a name is ignored, case does not matter.
// Source: AWS General Reference, "Amazon ECR endpoints and quotas"; the endpoint rules of the SDKs.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/model/partition.h"
#include "schemas/model/registry_id.h"

namespace ecr::model {

// "<account>.dkr.ecr.<region>.amazonaws.com", "<account>.dkr.ecr-fips...", and with dual stack
// "<account>.dkr-ecr.<region>.on.aws", "<account>.dkr-ecr-fips...". The domain behind the Region
// may be any: "localhost", a company's.
struct RegistryHost {
  std::string account;
  std::string region;
  bool fips = false;
  bool dual_stack = false;
  std::string domain;

  std::string text() const;
};

std::optional<RegistryHost> parse_registry_host(std::string_view host);

struct ApiHost {
  std::string service;                   // "ecr", "sts", "iam", "organizations"
  std::string region;                    // empty: a global name, which serves every Region
  const Partition* partition = nullptr;  // never null
  bool fips = false;
  bool dual_stack = false;
  std::string domain;  // behind the Region
};

// "api.ecr.<region>.<any domain>"; other names of APIs under AWS's own domains alone, because
// "ecr.team.example" may be anybody's: "ecr.<region>.api.aws", "sts-fips.<region>.amazonaws.com",
// "iam.amazonaws.com", ... nullopt: another name.
std::optional<ApiHost> parse_api_host(std::string_view host);

// The Region for which requests to this name of an API must be signed; nullopt: the name says
// nothing of it.
std::optional<std::string> signing_region(std::string_view host);

// The name under which that API's registry of this account and Region is served: one that exists at
// AWS where the API's does. A partition without dual-stack names of registries has the plain one.
RegistryHost registry_of_api(const ApiHost& api, const RegistryId& registry);

// True for names under AWS's own domains, whatever service they are of.
bool is_aws_name(std::string_view host);

// Every name of ECR, STS, IAM and Organizations that clients of this Region use; `account` is put
// into the names of registries ("*" for a certificate).
std::vector<std::string> aws_hosts(std::string_view region, std::string_view account);

}  // namespace ecr::model
