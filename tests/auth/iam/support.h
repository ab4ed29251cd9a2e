// Shared by the tests of auth/iam: policies from text, requests from a few words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/evaluate.h"

namespace ecr::auth::iam::test {

inline constexpr std::string_view kUser = "arn:aws:iam::111111111111:user/jane";
inline constexpr std::string_view kRoot = "arn:aws:iam::111111111111:root";
inline constexpr std::string_view kRole = "arn:aws:iam::111111111111:role/path/ci";
inline constexpr std::string_view kSession = "arn:aws:sts::111111111111:assumed-role/ci/run1";
inline constexpr std::string_view kFederated = "arn:aws:sts::111111111111:federated-user/fred";
inline constexpr std::string_view kForeigner = "arn:aws:iam::222222222222:user/eve";
inline constexpr std::string_view kRepository = "arn:aws:ecr:us-east-1:111111111111:repository/app";

inline constexpr std::string_view kAllowAll =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})";
inline constexpr std::string_view kAllowNothing =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}})";
inline constexpr std::string_view kDenyAll =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})";

// Fails the test, and ends it by an exception, where the document is refused.
PolicyPtr policy(std::string_view document, PolicyType type = PolicyType::kAny);
AttachedPolicy attached(std::string_view document);
std::vector<AttachedPolicy> attached_all(std::initializer_list<std::string_view> documents);
// A resource-based policy of one statement; `principal` is JSON.
std::string resource_policy(std::string_view effect, std::string_view principal,
                            std::string_view action = "*");

// The issuer of sessions is the role, of federated users the user above.
Request request(std::string_view principal, std::string_view action = "ecr:PutImage",
                std::string_view resource = kRepository);

// True where an identity policy with this one statement (its inside, without Effect) allows.
bool allows(const std::string& statement, const Request& request,
            std::string_view version = "2012-10-17");

}  // namespace ecr::auth::iam::test
