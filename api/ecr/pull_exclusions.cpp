// RegisterPullTimeUpdateExclusion, DeregisterPullTimeUpdateExclusion, ListPullTimeUpdateExclusions:
// principals (scanners, mirrors) whose pulls do not count as use of an image.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/text.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

// ECR's wording of the two errors is not published.
Json register_exclusion(Call& call) {
  const std::string arn = text_member(call.input, "principalArn");
  if (!storage::add_pull_exclusion(call.txn, call.caller.account, call.region, arn, call.now)) {
    throw ApiError(
        ErrorCode::kExclusionAlreadyExists,
        base::format("A pull time update exclusion for the principal '{}' already exists in the "
                     "registry with id '{}'",
                     arn, call.caller.account));
  }
  return {{"principalArn", arn}, {"createdAt", base::to_epoch_seconds(call.now)}};
}

Json deregister_exclusion(Call& call) {
  const std::string arn = text_member(call.input, "principalArn");
  if (!storage::remove_pull_exclusion(call.txn, call.caller.account, call.region, arn)) {
    throw ApiError(
        ErrorCode::kExclusionNotFound,
        base::format("A pull time update exclusion for the principal '{}' does not exist in the "
                     "registry with id '{}'",
                     arn, call.caller.account));
  }
  return {{"principalArn", arn}};
}

Json list_exclusions(Call& call) {
  constexpr std::string_view kListing = "ListPullTimeUpdateExclusions";
  const Page page = read_page(call, kListing);
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  auto found = storage::list_pull_exclusions(call.txn, call.caller.account, call.region, after,
                                             page.limit + 1);
  Json output = Json::object();
  if (static_cast<std::int64_t>(found.size()) > page.limit) {
    found.pop_back();
    output["nextToken"] = next_token(call, kListing, {found.back()});
  }
  output["pullTimeUpdateExclusions"] = std::move(found);
  return output;
}

constexpr Operation kPullExclusionOperations[] = {
    {"RegisterPullTimeUpdateExclusion", "ecr:RegisterPullTimeUpdateExclusion", Access::kWrite,
     registry_target, register_exclusion},
    {"DeregisterPullTimeUpdateExclusion", "ecr:DeregisterPullTimeUpdateExclusion", Access::kWrite,
     registry_target, deregister_exclusion},
    {"ListPullTimeUpdateExclusions", "ecr:ListPullTimeUpdateExclusions", Access::kRead,
     registry_target, list_exclusions},
};

}  // namespace

std::vector<const Operation*> pull_exclusion_operations() {
  return pointers(kPullExclusionOperations);
}

}  // namespace ecr::api::ecr
