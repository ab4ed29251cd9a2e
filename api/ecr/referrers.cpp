// ListImageReferrers: the artifacts (signatures, SBOMs, ...) whose subject is an image. The same
// listing is GET /v2/<name>/referrers/<digest> (api/registry/listings.cpp).
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
// ECR API Reference, "ListImageReferrers": 20 by default and 50 at most, unlike other listings.
constexpr std::int64_t kDefaultPage = 20;

// Only a digest names a subject. The model has no pattern for it here; the text is the one that ECR
// has for digests elsewhere.
model::Digest require_subject(const ApiRequest& request) {
  auto digest = model::Digest::parse(text_member(request.input.at("subjectId"), "imageDigest"));
  if (!digest) {
    throw ApiError::invalid_parameter(
        "subjectId.imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
  }
  return std::move(*digest);
}

Json referrer_json(const Referrer& referrer) {
  Json json = {{"digest", referrer.digest.text()},
               {"mediaType", referrer.media_type},
               {"size", referrer.size},
               {"artifactStatus", "ACTIVE"}};
  if (!referrer.artifact_type.empty()) json["artifactType"] = referrer.artifact_type;
  for (const auto& [key, value] : referrer.annotations) json["annotations"][key] = value;
  return json;
}

// A subject need not exist: an artifact may be pushed before the image that it refers to (OCI
// distribution-spec, "Listing Referrers"; test ASubjectThatIsNotThereHasNone).
Json list_referrers(ApiRequest& request, const storage::Repository& repository) {
  const model::Digest subject = require_subject(request);
  const Json filter = request.input.value("filter", Json::object());
  const std::string listing =
      base::format("ListImageReferrers\n{}\n{}\n{}", repository.id, subject.text(), filter.dump());
  const Page page = requested_page(request, listing, kDefaultPage);
  Json output = {{"referrers", Json::array()}};
  // Every artifact counts as active: nothing archives artifacts yet. Other statuses list nothing.
  const std::string status = filter.value("artifactStatus", std::string("ACTIVE"));
  if (status != "ACTIVE" && status != "ANY") return output;
  const auto types = filter.value("artifactTypes", std::vector<std::string>());
  const ReferrerPage found =
      read_referrers(request.txn, repository.id, subject, types, page.after(), page.size());
  if (found.more) output["nextToken"] = page.token_after(found.referrers.back().digest.text());
  for (const auto& referrer : found.referrers)
    output["referrers"].push_back(referrer_json(referrer));
  return output;
}

// ECR API Reference, "ListImageReferrers": the principal needs ecr:BatchGetImage. The Service
// Authorization Reference has no action of the operation's own name (test
// ReadingImagesIsWhatMustBeAllowed).
constexpr Operation kReferrerOperations[] = {
    {"ListImageReferrers", "ecr:BatchGetImage", Access::kRead,
     on<repository_target, list_referrers>},
};

}  // namespace

std::vector<const Operation*> referrer_operations() { return pointers(kReferrerOperations); }

}  // namespace ecr::api::ecr
