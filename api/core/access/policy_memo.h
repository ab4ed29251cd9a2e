// Compiled policies by their text: a document is parsed once however many requests it decides.
// AWS's own are kept by their name, so that their texts need not be unpacked. Bounded; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/iam/policy/policy.h"

namespace ecr::api {

struct AwsManagedPolicy;

class PolicyMemo {
 public:
  explicit PolicyMemo(std::size_t capacity = 4096);
  ~PolicyMemo();

  // Never null. REQUIRES: the document was accepted when it was stored; one that no longer parses
  // throws std::runtime_error (the request fails rather than go on without it).
  auth::iam::PolicyPtr get(std::string_view document, auth::iam::PolicyType type);
  // Never null.
  auth::iam::PolicyPtr get(const AwsManagedPolicy& policy);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecr::api
