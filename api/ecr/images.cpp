// PutImage, ListImages, DescribeImages.
#include "api/images/images.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/images/push/push.h"
#include "schemas/model/arn.h"
#include "storage/rows/image_listing.h"

namespace ecr::api::ecr {
namespace {

using storage::TagStatus;
using storage::sql::Access;

TagStatus image_tag_status(const Json& filter) {
  const std::string status = text_member(filter, "tagStatus");
  if (status == "TAGGED") return TagStatus::kTagged;
  return status == "UNTAGGED" ? TagStatus::kUntagged : TagStatus::kAny;
}

// Archived images are shown only to a caller that asks for them: imageStatus is ACTIVE by default
// (ECR API Reference, "ListImages"; test AnArchivedImageIsHiddenAndNotPulled).
std::optional<storage::ImageStatus> image_status(const Json& filter) {
  const std::string status = text_member(filter, "imageStatus");
  if (status == "ANY") return std::nullopt;
  return storage::value_of<storage::ImageStatus>(status);
}

// The filter is part of the listing's name: a token of one filter does not fit another.
std::string listing_name(const char* operation, const storage::Repository& repository,
                         const Json& filter) {
  return std::string(operation) + "\n" + std::to_string(repository.id) + "\n" + filter.dump();
}

// The model leaves a tag's characters open (and allows 300 of them). A tag that docker cannot name
// is refused here; ECR's own words for it are not published.
void check_tag(const std::string& tag) {
  if (tag.empty() || model::is_tag(tag)) return;
  throw ApiError::invalid_parameter(
      "imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'");
}

// The input outlives the call, and the manifest is in it.
const std::string& manifest_of(const Json& input) {
  return input.at("imageManifest").get_ref<const std::string&>();
}

std::any decode_manifest(const Json& input) {
  return EarlyManifest(manifest_of(input), text_member(input, "imageManifestMediaType"),
                       text_member(input, "imageDigest"));
}

// ECR has one sentence for every manifest that it does not understand, one without its type
// included
// ("you must specify the imageManifestMediaType in the request", ECR API Reference, "PutImage";
// many bug reports).
const SentManifest& sent_manifest(const ApiRequest& request) {
  try {
    const SentManifest& sent = std::any_cast<const EarlyManifest&>(request.decoded).get();
    if (request.core.settings.strict_ecr) require_plain_types(sent.manifest);
    return sent;
  } catch (const ApiError& error) {
    if (error.code() != ErrorCode::kManifestInvalid) throw;
    throw ApiError::invalid_parameter("ImageManifest", "Invalid JSON syntax");
  }
}

// The same manifest under the same tag is ImageAlreadyExistsException, whatever the mutability of
// tags (test PutImageRetagsAndSaysWhatExists); on the registry plane it is no error. A tag that
// moves leaves the old image untagged. The answer has the manifest as it was sent, byte for byte.
Json put_image(ApiRequest& request, const PushedRepository& pushed) {
  const storage::Repository repository = pushed.require(request);
  const std::string tag = text_member(request.input, "imageTag");
  check_tag(tag);
  const SentManifest& sent = sent_manifest(request);
  // Replication, scan on push, signing and the event: the same that a docker push sets off.
  const PutImageResult result = push_image(request, repository, sent, tag);
  if (result.unchanged) {
    throw ApiError::image_already_exists(repository.registry.account, repository.name,
                                         result.image.digest.text(), tag);
  }
  Json image = {{"registryId", repository.registry.account},
                {"repositoryName", repository.name.text()},
                {"imageId", image_id_json(result.image.digest, tag)},
                {"imageManifest", manifest_of(request.input)},
                {"imageManifestMediaType", result.image.media_type}};
  return {{"image", std::move(image)}};
}

// One entry for each tag; an image without tags has one entry, with its digest alone. The order is
// that of digest and tag, so both make up the position in a token.
Json list_images(ApiRequest& request, const storage::Repository& repository) {
  const Json filter = request.input.value("filter", Json::object());
  const std::string listing = listing_name("ListImages", repository, filter);
  const Page page = requested_page(request, listing);
  Json output = {{"imageIds", Json::array()}};
  auto ids =
      storage::list_image_ids(request.txn, repository.id, image_tag_status(filter), page.after(0),
                              page.after(1), page.query_limit(), image_status(filter));
  const auto token = page.cut(ids, [](const auto& id) {
    return PagePosition{id.digest.text(), id.tag.value_or("")};
  });
  if (token) output["nextToken"] = *token;
  for (const auto& id : ids) {
    output["imageIds"].push_back(image_id_json(id.digest, id.tag.value_or("")));
  }
  return output;
}

// The first id that names no image is the error of the whole call (test
// DescribeImagesNamesTheFirstThatIsMissing), unlike in BatchGetImage. Named images are described
// whatever their status: the filter does not apply, archived ones are shown.
Json describe_named_images(ApiRequest& request, const storage::Repository& repository,
                           const Json& ids) {
  refuse_paging(request, "imageIds");
  Json details = Json::array();
  for (const Json& json : ids) {
    const NamedImage id = named_image(json);
    if (id.is_empty()) {
      throw ApiError::invalid_parameter("imageIds", "both tag and digest cannot be null");
    }
    const auto digest = resolve_image(request.txn, repository.id, id);
    if (!digest) {
      throw ApiError::image_not_found(repository.registry.account, repository.name, id.digest,
                                      id.tag);
    }
    const auto image = storage::find_image(request.txn, repository.id, *digest);
    details.push_back(image_detail_json(repository, *image,
                                        storage::image_tags(request.txn, repository.id, *digest)));
  }
  return {{"imageDetails", std::move(details)}};
}

// A page of untagged images does not read tags: between two of its images may lie any number of
// tagged ones.
Json details_of(ApiRequest& request, const storage::Repository& repository, const Json& filter,
                const std::vector<storage::Image>& images) {
  if (image_tag_status(filter) != TagStatus::kUntagged) {
    return image_details_json(request.txn, repository, images, image_status(filter));
  }
  Json details = Json::array();
  for (const auto& image : images) details.push_back(image_detail_json(repository, image, {}));
  return details;
}

// Says nothing of scans since AWS's own scanner is the only basic one: imageScanStatus and
// imageScanFindingsSummary were Clair's (ECR API Reference, "ImageDetail"; test
// DescribeImagesTellsNothingOfScans).
Json describe_images(ApiRequest& request, const storage::Repository& repository) {
  if (const auto ids = request.input.find("imageIds"); ids != request.input.end()) {
    return describe_named_images(request, repository, *ids);
  }
  const Json filter = request.input.value("filter", Json::object());
  const std::string listing = listing_name("DescribeImages", repository, filter);
  const Page page = requested_page(request, listing);
  Json output = {{"imageDetails", Json::array()}};
  auto images = storage::list_images(request.txn, repository.id, image_tag_status(filter),
                                     page.after(), page.query_limit(), image_status(filter));
  const auto token = page.cut(images, [](const auto& image) { return image.digest.text(); });
  if (token) output["nextToken"] = *token;
  output["imageDetails"] = details_of(request, repository, filter, images);
  return output;
}

// A manifest of 4 MiB as a JSON string, in which each quote is escaped.
constexpr std::uint64_t kPutImageBody = 10u << 20;

constexpr Operation kImageOperations[] = {
    {"PutImage", "ecr:PutImage", Access::kWrite, on<push_target, put_image>,
     Credentials::kSignature, decode_manifest, kPutImageBody},
    {"ListImages", "ecr:ListImages", Access::kRead, on<repository_target, list_images>},
    {"DescribeImages", "ecr:DescribeImages", Access::kRead, on<repository_target, describe_images>},
};

}  // namespace

std::vector<const Operation*> image_operations() { return pointers(kImageOperations); }

}  // namespace ecr::api::ecr
