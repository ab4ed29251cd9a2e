// A server's state without a server: a store in memory, filled from seed documents, with the
// services over it. The commands that answer questions about policies offline (can, who-can, test)
// ask it what the server would decide. Not thread-safe; blocking.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/admin/seed/seed.h"
#include "api/core/access/decision_log.h"
#include "api/core/access/failure_log.h"
#include "api/core/access/policy_memo.h"
#include "api/core/background/event_log.h"
#include "api/core/background/jobs.h"
#include "api/core/services.h"
#include "auth/registry_token.h"
#include "schemas/base/clock.h"
#include "storage/store.h"

namespace ecr::api::admin {

class SeededServices {
 public:
  // Empty. `machine` and `random` outlive it. Throws StorageError.
  SeededServices(const base::Clock& machine, base::Random& random, Settings settings = {});
  SeededServices(const SeededServices&) = delete;
  SeededServices& operator=(const SeededServices&) = delete;

  // As apply_seed(); more than one document may be applied, one after the other. Throws SeedError.
  SeedReport apply(std::string_view document, const std::string& directory = {}) {
    return apply_seed(services_, document, directory);
  }

  const Services& services() const { return services_; }
  // The time of everything that is stored and decided.
  base::MovableClock& clock() { return clock_; }

 private:
  const Settings settings_;
  base::MovableClock clock_;
  const std::unique_ptr<storage::Store> store_;
  PolicyMemo policies_;
  DecisionLog decisions_;
  FailureLog failures_;
  JobSignal job_signal_;
  EventLog events_;
  const auth::RegistryTokenCodec tokens_;
  auth::SigningKeyMemo signing_keys_;
  const Services services_;
};

}  // namespace ecr::api::admin
