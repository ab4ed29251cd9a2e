#include "api/sts/sts_api.h"

#include <nlohmann/json.hpp>

namespace ecr::api::sts {
namespace {

using storage::sql::Access;

std::vector<Target> caller_target(const Call& call) {
  Target target;
  target.resource = "*";
  target.account = call.caller.account;
  return {target};
}

// Allowed to everyone, even against an explicit deny (AWS STS API Reference); the evaluator knows.
Json get_caller_identity(Call& call) {
  return {{"Arn", call.caller.principal.arn},
          {"UserId", call.caller.user_id},
          {"Account", call.caller.account}};
}

constexpr Operation kOperations[] = {
    {"GetCallerIdentity", "sts:GetCallerIdentity", Access::kRead, caller_target,
     get_caller_identity},
};

}  // namespace

ServiceApi make_api() {
  return {"sts", Protocol::kQuery, &schemas::ServiceModel::sts, pointers(kOperations)};
}

}  // namespace ecr::api::sts
