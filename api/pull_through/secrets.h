// Credentials of upstreams. A JSON file takes the place of AWS Secrets Manager:
//
//   {"ecr-pullthroughcache/hub": {"username": "jane", "accessToken": "..."},
//    "registry.example.com": {"username": "jane", "accessToken": "..."}}
//
// by the secret's ARN, its name, or, for a rule without credentialArn, the upstream's host. An
// entry of null is a secret that cannot be accessed, and one of another shape one that cannot be
// read: so that clients can meet these errors. Immutable.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ecr::api::pull_through {

struct Secret {
  std::string username;
  std::string access_token;
};

class Secrets {
 public:
  enum class State { kGood, kMissing, kInaccessible, kUnreadable };
  struct Entry {
    State state = State::kMissing;
    Secret secret = {};
  };

  Secrets() = default;
  // Throws std::runtime_error, saying where, for a document that is not as above.
  static Secrets parse(std::string_view document);

  // "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf": under
  // the ARN, or the name with or without the six characters that Secrets Manager adds.
  Entry by_arn(std::string_view arn) const;
  Entry by_host(const std::string& host) const { return find(host); }

 private:
  Entry find(const std::string& key) const;
  std::map<std::string, Entry> secrets_;
};

}  // namespace ecr::api::pull_through
