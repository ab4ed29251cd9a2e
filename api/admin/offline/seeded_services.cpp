#include "api/admin/offline/seeded_services.h"

#include <utility>

namespace ecr::api::admin {

// Nothing of it has to be safe from a power loss, so that it waits for no disk.
SeededServices::SeededServices(const base::Clock& machine, base::Random& random, Settings settings)
    : settings_(std::move(settings)),
      clock_(machine),
      store_(storage::Store::open({.directory = "", .in_memory = true, .sync = false}, random)),
      events_(*store_, random),
      tokens_(store_->key(), random),
      services_{{settings_, *store_, clock_, machine, random, policies_, decisions_, failures_,
                 job_signal_, events_},
                tokens_,
                signing_keys_} {}

}  // namespace ecr::api::admin
