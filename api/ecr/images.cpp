// PutImage, ListImages, DescribeImages.
#include "api/images/images.h"

#include <nlohmann/json.hpp>

#include "api/core/account_settings.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/ecr/image_scans.h"
#include "api/images/arrival/push.h"
#include "schemas/model/arn.h"
#include "storage/rows/image_listing.h"

namespace ecr::api::ecr {
namespace {

using storage::TagStatus;
using storage::sql::Access;

TagStatus image_tag_status(const Json& filter) {
  const std::string status = string_member(filter, "tagStatus");
  if (status == "TAGGED") return TagStatus::kTagged;
  return status == "UNTAGGED" ? TagStatus::kUntagged : TagStatus::kAny;
}

// Archived images are seen only by who asks for them.
std::string image_status(const Json& filter) {
  const std::string status = string_member(filter, "imageStatus");
  return status.empty() ? "ACTIVE" : status;
}

std::string listing_name(const char* operation, const storage::Repository& repository,
                         const Json& filter) {
  return std::string(operation) + "\n" + std::to_string(repository.id) + "\n" + filter.dump();
}

// The model leaves a tag's characters open; what docker cannot name is refused. ECR's own words for
// it are not published.
void check_tag(const std::string& tag) {
  if (tag.empty() || model::is_tag(tag)) return;
  throw ApiError::invalid_parameter(
      "imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'");
}

Json put_image(Call& call) {
  const storage::Repository repository = require_pushed_repository(call);
  const std::string manifest = string_member(call.input, "imageManifest");
  const std::string media_type = string_member(call.input, "imageManifestMediaType");
  const std::string tag = string_member(call.input, "imageTag");
  const std::string digest = string_member(call.input, "imageDigest");
  check_tag(tag);
  const PutImageResult result =
      put_image(call.txn, repository, read_sent(manifest, media_type, digest), tag, call.now);
  if (result.unchanged) {
    throw ApiError::image_already_exists(repository.account, repository.name, result.image.digest,
                                         tag);
  }
  follow_push(call.services, call.caller, {call.txn, call.http, call.region, call.now},
              {repository, result.image, tag});
  Json image = {{"registryId", repository.account},
                {"repositoryName", repository.name},
                {"imageId", image_id_json(result.image.digest, tag)},
                {"imageManifest", manifest},
                {"imageManifestMediaType", result.image.media_type}};
  return {{"image", std::move(image)}};
}

Json list(Call& call) {
  const storage::Repository repository = require_repository(call);
  const Json filter = call.input.value("filter", Json::object());
  const std::string listing = listing_name("ListImages", repository, filter);
  const Page page = read_page(call, listing);
  Json output = {{"imageIds", Json::array()}};
  const bool first = page.after.size() != 2;
  auto ids = storage::list_image_ids(call.txn, repository.id, image_tag_status(filter),
                                     first ? "" : page.after[0], first ? "" : page.after[1],
                                     page.limit + 1, image_status(filter));
  if (static_cast<std::int64_t>(ids.size()) > page.limit) {
    ids.pop_back();
    output["nextToken"] =
        next_token(call, listing, {ids.back().digest, ids.back().tag.value_or("")});
  }
  for (const auto& id : ids) {
    output["imageIds"].push_back(image_id_json(id.digest, id.tag.value_or("")));
  }
  return output;
}

Json describe_named_images(Call& call, const storage::Repository& repository, const Json& ids) {
  for (const char* other : {"nextToken", "maxResults"}) {
    if (call.input.contains(other)) {
      throw ApiError::invalid_parameter(other, "Member must be null when imageIds is used");
    }
  }
  Json details = Json::array();
  for (const Json& json : ids) {
    const ImageIdentifier id = image_identifier(json);
    if (id.digest.empty() && id.tag.empty()) {
      throw ApiError::invalid_parameter("imageIds", "both tag and digest cannot be null");
    }
    const auto digest = resolve_image(call.txn, repository.id, id);
    if (!digest) {
      throw ApiError::image_not_found(repository.account, repository.name, id.digest, id.tag);
    }
    const auto image = storage::find_image(call.txn, repository.id, *digest);
    details.push_back(image_detail_json(repository, *image,
                                        storage::image_tags(call.txn, repository.id, *digest)));
  }
  return {{"imageDetails", std::move(details)}};
}

// Between two untagged images may lie any number of tagged ones, whose tags nobody needs.
Json details_of(Call& call, const storage::Repository& repository, const Json& filter,
                const std::vector<storage::Image>& images) {
  if (image_tag_status(filter) != TagStatus::kUntagged) {
    return image_details_json(call.txn, repository, images, image_status(filter));
  }
  Json details = Json::array();
  for (const auto& image : images) details.push_back(image_detail_json(repository, image, {}));
  return details;
}

// Under AWS's own scanner DescribeImages says nothing of scans any more (ECR API Reference,
// "ImageDetail").
void add_scans(Call& call, const storage::Repository& repository, Json& details) {
  if (account_setting(call.txn, repository.account, repository.region, kBasicScanType) != "CLAIR")
    return;
  for (Json& detail : details) add_scan_summary(call.txn, repository, detail);
}

Json describe_images(Call& call) {
  const storage::Repository repository = require_repository(call);
  if (const auto ids = call.input.find("imageIds"); ids != call.input.end()) {
    Json output = describe_named_images(call, repository, *ids);
    add_scans(call, repository, output["imageDetails"]);
    return output;
  }
  const Json filter = call.input.value("filter", Json::object());
  const std::string listing = listing_name("DescribeImages", repository, filter);
  const Page page = read_page(call, listing);
  Json output = {{"imageDetails", Json::array()}};
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  auto images = storage::list_images(call.txn, repository.id, image_tag_status(filter), after,
                                     page.limit + 1, image_status(filter));
  if (static_cast<std::int64_t>(images.size()) > page.limit) {
    images.pop_back();
    output["nextToken"] = next_token(call, listing, {images.back().digest});
  }
  output["imageDetails"] = details_of(call, repository, filter, images);
  add_scans(call, repository, output["imageDetails"]);
  return output;
}

constexpr Operation kImageOperations[] = {
    {"PutImage", "ecr:PutImage", Access::kWrite, push_target, put_image},
    {"ListImages", "ecr:ListImages", Access::kRead, repository_target, list},
    {"DescribeImages", "ecr:DescribeImages", Access::kRead, repository_target, describe_images},
};

}  // namespace

std::vector<const Operation*> image_operations() { return pointers(kImageOperations); }

}  // namespace ecr::api::ecr
