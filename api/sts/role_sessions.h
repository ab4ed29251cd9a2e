// Session policies and session tags of a request for temporary credentials: how they are read,
// checked and measured. Stateless functions on the request's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/access/operation.h"
#include "storage/rows/iam/sessions.h"
#include "storage/rows/tags.h"

namespace ecr::api::sts {

// Tags of the request, in order. Throws where two keys differ in nothing but case, or a key is
// reserved.
storage::Tags requested_tags(const Json& input);

// The same of tags that do not come as `Tags`: the claims of a web identity.
void check_session_tags(const storage::Tags& tags);

// The keys of those of `tags` that are passed on to the roles which the session assumes: the
// `requested` keys as the tags write them. Throws where a key is not among `tags`.
std::vector<std::string> transitive_keys(const std::vector<std::string>& requested,
                                         const storage::Tags& tags);

// Policy and PolicyArns as storage::Session::policies has them; managed policies have to be of
// `account` or AWS's. Throws MalformedPolicyDocument, ValidationError, PackedPolicyTooLarge.
std::string session_policies(const ApiRequest& request, std::string_view account);

// PackedPolicySize: percent of the space for session policies and tags that these take. AWS does
// not publish its packing; this is an estimate. Throws PackedPolicyTooLarge above 100.
int packed_size(const Json& input, const storage::Tags& tags);
// Whether there is anything to pack, which is when AWS answers with a PackedPolicySize.
bool has_packed(const Json& input);

std::string to_json_text(const storage::Tags& tags);
std::string to_json_text(const std::vector<std::string>& texts);

}  // namespace ecr::api::sts
