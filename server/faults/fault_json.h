// The rules of /_ecr-local/faults as JSON. Pure.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "server/faults/fault_rules.h"

namespace ecr::server {

// "rules[0].rate: must be a number from 0 to 1".
class FaultError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// {"rules": [{"operation": "PutImage", "kind": "throttle", "rate": 0.5}, ...]}, or one rule alone.
// Throws FaultError. `operations` has all names ("ecr:PutImage"); a rule must concern one of them.
// `random` seeds the rules that have no seed.
std::vector<FaultRule> parse_fault_rules(std::string_view text,
                                         const std::vector<std::string>& operations,
                                         base::Random& random);

// {"rules": [...]}; each rule also says how many requests it "matched", and into how many a fault
// was "injected".
std::string fault_rules_json(const std::vector<FaultRules::State>& rules);

}  // namespace ecr::server
