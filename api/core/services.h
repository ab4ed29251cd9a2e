// The services and settings that every part of the API works with, wired once in server/.
// References outlive all requests.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "auth/registry_token.h"
#include "auth/sigv4/sigv4.h"
#include "schemas/base/clock.h"
#include "storage/store.h"

namespace ecr::api {

class DecisionLog;
class EventLog;
class FailureLog;
class JobSignal;
class PolicyMemo;
namespace pull_through {
class Upstreams;
}
namespace sts {
class IssuerKeys;
}

enum class Enforcement {
  kEnforce,
  kSoft,  // allows, and notes what it would have denied
  kOff    // allows; signatures are verified all the same
};

struct Settings {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  // The root user of the default account; access_key empty: none.
  std::string root_access_key = "test";
  std::string root_secret_key = "test";
  // A 12-digit access key with secret "test" is the root user of that account.
  bool account_root_keys = true;
  // repositoryUri's host, with {account}, {region} and {port}; empty: the host the caller used.
  std::string registry_host;
  Enforcement enforcement = Enforcement::kEnforce;
  // The policy of the VPC endpoint that all requests come by: its text, and the name of its file.
  // Empty: they come another way.
  std::string endpoint_policy;
  std::string endpoint_policy_file;
  // Where ECR and the OCI distribution specification differ, ECR is followed (COMPATIBILITY.md).
  bool strict_ecr = false;
  // Bearer token of /_ecr-local/; empty: loopback peers need none.
  std::string admin_token;
  // Host names (without port) under which /_ecr-local/ answers, besides localhost and addresses.
  std::vector<std::string> admin_hosts;
  // Further names in the certificates of --tls auto, under which the default credentials are
  // accepted, too.
  std::vector<std::string> tls_names;
  // Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or CIDR blocks.
  std::vector<std::string> trusted_proxies;
  // Issuers whose tokens this server signs itself, for tests: URLs, without a slash at their end.
  std::vector<std::string> oidc_test_issuers;
  // Garbage collection (storage/collector.h): for how long a blob must have been unused before it
  // goes, and how often the collector runs; 0: only when asked.
  std::chrono::milliseconds gc_grace = std::chrono::hours(24);
  std::chrono::milliseconds gc_interval = std::chrono::hours(1);
  std::string version;
  // Where findings of image scans come from: files of the user's (api/images/scan/findings_file.h),
  // a scanner (api/images/scan/scanner.h); empty: nowhere.
  std::string scan_findings;
  std::string scanner_command;
};

// What every part of the API works with.
struct Core {
  const Settings& settings;
  storage::Store& store;
  // The clock of everything that clients see; it may be frozen, or ahead of the machine's.
  const base::Clock& clock;
  // The machine's time: when requests were signed, and how long the program has been running.
  const base::Clock& machine_clock;
  base::Random& random;
  PolicyMemo& policies;
  DecisionLog& decisions;
  FailureLog& failures;  // requests that no decision was made for, as their callers are not known
  JobSignal& job_signal;
  EventLog& events;
};

// The same with what single planes need besides.
struct Services : Core {
  const auth::RegistryTokenCodec& tokens;  // ecr, registry
  auth::SigningKeyMemo& signing_keys;      // of the doors that verify signatures
  // The keys of web identity providers. Null: no web identity can be verified.
  sts::IssuerKeys* issuer_keys = nullptr;
  // The registries that pull-through caches fetch from. Null: none can be reached.
  pull_through::Upstreams* upstreams = nullptr;
};

// The same with another store.
inline Services with_store(const Services& services, storage::Store& store) {
  return {{services.settings, store, services.clock, services.machine_clock, services.random,
           services.policies, services.decisions, services.failures, services.job_signal,
           services.events},
          services.tokens,
          services.signing_keys,
          services.issuer_keys,
          services.upstreams};
}

}  // namespace ecr::api
