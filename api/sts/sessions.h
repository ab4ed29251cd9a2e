// Temporary credentials: what the operations that give them out share, in the order in which a
// request goes through it. Stateless functions on the request's transaction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/sessions.h"
#include "storage/rows/tags.h"

namespace ecr::api::sts {

// The tags of a session that is to begin.
struct SessionTags {
  storage::Tags requested;
  // Keys of the requested tags that go on to the roles which the session assumes, as the tags write
  // them.
  std::vector<std::string> transitive;
  storage::Tags inherited;  // transitive tags of the calling session
  bool sent = false;        // the request has tags, if only an empty list of them

  bool any() const { return !requested.empty() || !inherited.empty(); }
};
// Throws where two keys differ in nothing but case, a key is reserved, or a transitive key is not
// among the tags.
SessionTags checked_tags(storage::Tags tags, const std::vector<std::string>& transitive);
// The same of Tags and TransitiveTagKeys.
SessionTags requested_tags(const Json& input);

// True where the request has SerialNumber and TokenCode, and the code is right: the device is
// enabled for the calling user, and the code was not taken before. It is used up then. False: the
// request has neither. Throws AccessDenied. REQUIRES: a write transaction.
bool take_mfa_code(const ApiRequest& request);

// DurationSeconds, or `fallback`.
std::chrono::seconds duration_of(const Json& input, std::chrono::seconds fallback);

// Throws MalformedPolicyDocument unless it is a session policy, or one that scopes down.
void check_session_policy(const std::string& document);

// Puts Policy, PolicyArns and the tags into `session`; managed policies have to be of the session's
// account or AWS's. Returns PackedPolicySize: percent of the space for policies and tags that these
// take; nullopt: the request sends none. Throws MalformedPolicyDocument, ValidationError,
// PackedPolicyTooLarge.
std::optional<int> add_policies_and_tags(const ApiRequest& request, const SessionTags& tags,
                                         storage::Session& session);

// Fills in the keys and the times of `session`, stores it, and puts Credentials, SessionTokenSize
// and SessionTokenUtilization into `output`. A session that has begun already keeps its beginning.
// The token is at least as long as MinimumSessionTokenSize. Throws PackedPolicyTooLarge where it
// would be longer than a token may be. Also deletes sessions that ended long ago. REQUIRES: a write
// transaction.
void issue_credentials(ApiRequest& request, storage::Session session, std::chrono::seconds lifetime,
                       Json& output);

}  // namespace ecr::api::sts
