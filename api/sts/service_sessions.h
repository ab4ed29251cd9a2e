// Sessions that a service of AWS begins for what it runs: the role of a task, a function, an
// instance. The service is the caller of AssumeRole, so the role's trust policy must name it, and
// that is decided and recorded as for any caller. Thread-safe; blocking.
// Sources: Amazon ECS Developer Guide, "Amazon ECS task IAM role"; Amazon EC2 User Guide, "IAM
// roles for Amazon EC2"; Amazon EKS User Guide, "Learn how EKS Pod Identity grants pods access";
// IAM User Guide, "Update the maximum session duration for a role" (does not limit services).
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"
#include "storage/rows/tags.h"

namespace ecr::api::sts {

struct ServiceCall {
  std::string service;  // its principal: "ecs-tasks.amazonaws.com"
  std::string account;
  std::string role;          // name, without its path
  std::string session_name;  // [\w+=,.@-]{2,64}
  std::string source_arn;    // aws:SourceArn, with aws:SourceAccount; empty: it sends neither
  storage::Tags tags = {};   // of the session, all of them transitive: they need sts:TagSession
};

struct ServiceCredentials {
  std::string role_arn;
  std::string access_key;
  std::string secret;
  std::string token;
  base::TimePoint created_at;
  base::TimePoint expires_at;
};

class ServiceSessions {
 public:
  // As long as those of AWS's services last.
  static constexpr std::chrono::hours kLifetime{6};
  // New credentials come so long before the old ones end. AWS promises five minutes; SDKs look for
  // new ones up to fifteen minutes before the end.
  static constexpr std::chrono::minutes kRenewal{20};

  // `services` outlives this object.
  explicit ServiceSessions(const Services& services) : services_(services) {}

  // The credentials of the session, the same until it is renewed. The trust policy is asked each
  // time, so that a change of it is seen at once. `http`: for the records and its id. Throws
  // ApiError (kAccessDenied) where the role does not trust the service, or does not exist.
  ServiceCredentials credentials(const HttpRequest& http, const ServiceCall& call);

 private:
  static constexpr std::size_t kMostSessions = 1024;

  const Services& services_;
  std::mutex mutex_;
  // Access keys by what was asked for. What became of the session is in the store.
  base::BoundedMemo<std::string, std::string, base::StringHash> known_{kMostSessions};
};

}  // namespace ecr::api::sts
