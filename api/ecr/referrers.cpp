// ListImageReferrers: the artifacts (signatures, SBOMs, ...) whose subject is an image.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/images.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;
constexpr std::int64_t kDefaultPage = 20;

// ECR API Reference, "ListImageReferrers": the principal needs ecr:BatchGetImage as well.
std::vector<Target> referrer_targets(const Call& call) {
  std::vector<Target> targets = repository_target(call);
  Target read = targets.front();
  targets.front().action = call.action;
  read.action = "ecr:BatchGetImage";
  targets.push_back(std::move(read));
  return targets;
}

std::string require_subject(const Call& call) {
  std::string digest = text_member(call.input.at("subjectId"), "imageDigest");
  if (!model::Digest::parse(digest)) {
    throw ApiError::invalid_parameter(
        "subjectId.imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
  }
  return digest;
}

Json referrer_json(const Referrer& referrer) {
  Json json = {{"digest", referrer.digest},
               {"mediaType", referrer.media_type},
               {"size", referrer.size},
               {"artifactStatus", "ACTIVE"}};
  if (!referrer.artifact_type.empty()) json["artifactType"] = referrer.artifact_type;
  for (const auto& [key, value] : referrer.annotations) json["annotations"][key] = value;
  return json;
}

// A subject that is not there (yet) has the referrers that were pushed before it.
Json list_referrers(Call& call) {
  const storage::Repository repository = require_repository(call);
  const std::string subject = require_subject(call);
  const Json filter = call.input.value("filter", Json::object());
  const std::string listing =
      base::format("ListImageReferrers\n{}\n{}\n{}", repository.id, subject, filter.dump());
  const Page page = read_page(call, listing, kDefaultPage);
  Json output = {{"referrers", Json::array()}};
  // Every artifact is active: nothing archives one yet.
  const std::string status = text_member(filter, "artifactStatus", "ACTIVE");
  if (status != "ACTIVE" && status != "ANY") return output;
  const auto types = filter.value("artifactTypes", std::vector<std::string>());
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  const ReferrerPage found =
      read_referrers(call.txn, repository.id, subject, types, after, page.limit);
  if (found.more) output["nextToken"] = next_token(call, listing, {found.referrers.back().digest});
  for (const auto& referrer : found.referrers)
    output["referrers"].push_back(referrer_json(referrer));
  return output;
}

constexpr Operation kReferrerOperations[] = {
    {"ListImageReferrers", "ecr:ListImageReferrers", Access::kRead, referrer_targets,
     list_referrers},
};

}  // namespace

std::vector<const Operation*> referrer_operations() { return pointers(kReferrerOperations); }

}  // namespace ecr::api::ecr
