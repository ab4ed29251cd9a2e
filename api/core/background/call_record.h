// A call of an API as CloudTrail records it. Collected while the request runs; written out later,
// off the request's path (event_log.h). Values; no secret is ever in the written form.
// Source: AWS CloudTrail User Guide, "CloudTrail record contents", "userIdentity element"; Amazon
// ECR User Guide, "Logging Amazon ECR actions with AWS CloudTrail".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/access/identity.h"
#include "api/core/access/operation.h"
#include "api/core/wire/http.h"

namespace ecr::api {

// The caller as the userIdentity element shows it.
struct CallIdentity {
  auth::iam::Principal principal;
  std::string access_key_id;
  std::string account;
  std::string user_id;
  std::string user_name;
  // The following are of temporary credentials.
  std::optional<std::string> issued_at;  // ISO 8601
  bool mfa = false;
  std::optional<std::string> source_identity;
  std::optional<std::string> federated_provider;  // also of a web identity itself
};
CallIdentity make_call_identity(const Caller& caller);
// A service that acts by itself ("ecr.amazonaws.com").
CallIdentity make_service_identity(std::string_view service, std::string_view account);

// CloudTrail leaves out request parameters and response elements beyond 100 KB.
inline constexpr std::size_t kMaxRecordedElement = 100'000;

struct CallRecord {
  base::TimePoint time;
  std::string service;  // its signing name
  std::string operation;
  std::string region;
  std::string source_address;
  std::string user_agent;
  std::string request_id;
  std::shared_ptr<const CallIdentity> identity;
  // As the model's input and output have them; null: none. The shapes may be null, then nothing in
  // the values is a time.
  std::shared_ptr<const Json> input;
  std::shared_ptr<const Json> output;
  const model::Shape* input_shape = nullptr;
  const model::Shape* output_shape = nullptr;
  std::string error_code;  // empty: success
  std::string error_message;
  std::vector<std::pair<std::string, std::string>> resources;  // ARN, owner
  std::size_t request_bytes = 0;  // of its body: about what the record holds of memory
  // Sets input, output and resources, when the record is about to be written: of a read, most
  // records never are (event_log.h). Null: they are set.
  std::function<void(CallRecord&)> complete;
};

// Sets what the request itself says: address, agent, id, size.
void describe_request(CallRecord& record, const HttpRequest& request);

// Takes members of the request away that are too large to be recorded (a layer, say), so that a
// record which waits to be written holds little memory.
void drop_large_members(CallRecord& record);

// readOnly, by the operation's name.
bool is_read_only(std::string_view operation);

// The record as JSON text. `event_id`: a UUID.
std::string write_call_record(const CallRecord& record, std::string_view event_id);

}  // namespace ecr::api
