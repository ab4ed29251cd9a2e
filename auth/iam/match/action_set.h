// The actions that a statement names, compiled so that a decision costs the same whether they are
// four or three thousand, as in AWS's own ReadOnlyAccess: they are looked up by service, and those
// without wildcards by name. Internal to auth/iam. Immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/iam/match/glob.h"

namespace ecr::auth::iam {

class ActionSet {
 public:
  ActionSet() = default;  // matches nothing
  // Patterns as "ecr:Put*", in any case; without a colon only "*" means something.
  explicit ActionSet(const std::vector<std::string>& patterns);
  // REQUIRES: both in lower case.
  bool matches(std::string_view service, std::string_view name) const;

 private:
  // What is named of one service.
  struct Service {
    std::string name;
    std::vector<std::string> exact = {};  // names of actions, sorted
    std::vector<Glob> patterns = {};
  };
  Service& service(std::string_view name);

  bool everything_ = false;
  std::vector<Service> services_;                 // by name
  std::vector<std::pair<Glob, Glob>> wild_ = {};  // the service is a pattern, too
};

}  // namespace ecr::auth::iam
